from stream.subject import REMEMBERED, SubjectRule


def seen(rule, scenes):
    for scene in scenes:
        rule.see(scene)
    return rule.watched()


def test_the_one_longest_seen_is_the_subject(scene):
    early = [scene(i / 10, ("p1", "sad")) for i in range(20)]
    both = [scene(2 + i / 10, ("p1", "sad"), ("p2", "happy")) for i in range(10)]
    assert seen(SubjectRule("main", 2.0), early + both) == ("p1",)


def test_the_subject_stays_it_while_seen(scene):
    rule = SubjectRule("main", 2.0)
    assert seen(rule, [scene(0.0, ("p1", "sad")), scene(0.1, ("p1", "sad"))]) == ("p1",)
    rival = [scene(0.2 + i / 10, ("p1", None), ("p2", "happy")) for i in range(50)]
    assert seen(rule, rival) == ("p1",)


def test_a_face_is_preferred_to_someone_seen_only_from_behind(scene):
    rule = SubjectRule("main", 2.0)
    assert seen(rule, [scene(i / 10, ("p1", None)) for i in range(20)]) == ("p1",)
    assert seen(rule, [scene(2 + i / 10, ("p1", None), ("p2", "happy")) for i in range(3)]) == (
        "p2",
    )


def test_who_was_not_seen_for_two_seconds_is_gone(scene):
    rule = SubjectRule("main", 2.0)
    assert seen(rule, [scene(0.0, ("p1", "sad")), scene(1.9)]) == ("p1",)
    assert seen(rule, [scene(2.1)]) == ()


def test_all_reads_everyone_the_longest_seen_first(scene):
    early = [scene(i / 10, ("p2", "sad")) for i in range(5)]
    both = [scene(0.5 + i / 10, ("p1", "sad"), ("p2", "happy")) for i in range(5)]
    assert seen(SubjectRule("all", 2.0), early + both) == ("p2", "p1")


def test_after_a_break_nobody_is_there_until_seen_again(scene):
    rule = SubjectRule("all", 2.0)
    assert seen(rule, [scene(0.0, ("p1", "sad")), scene(0.0, ("p2", "sad"), epoch=1)]) == ("p2",)


def while_seen(start_s, length_s, *people, epoch=0, scene):
    count = round(length_s * 10)
    return [scene(start_s + i / 10, *people, epoch=epoch) for i in range(count)]


def test_a_stand_in_gives_way_to_the_subject_who_comes_back(scene):
    rule = SubjectRule("main", 2.0)
    assert seen(rule, while_seen(0, 20, ("p1", "sad"), scene=scene)) == ("p1",)
    assert seen(rule, while_seen(20, 5, ("p2", "sad"), scene=scene)) == ("p2",)
    both = while_seen(25, 1, ("p1", "sad"), ("p2", "sad"), scene=scene)
    assert seen(rule, both) == ("p1",)


def test_a_short_reverse_shot_changes_nothing(scene):
    rule = SubjectRule("main", 2.0)
    seen(rule, while_seen(0, 5, ("p1", "sad"), scene=scene))
    assert seen(rule, while_seen(5, 1.5, ("p2", "sad"), scene=scene)) == ("p1",)


def test_who_comes_back_after_less_time_is_no_rival(scene):
    rule = SubjectRule("main", 2.0)
    seen(rule, while_seen(0, 3, ("p2", "sad"), scene=scene))
    assert seen(rule, while_seen(3, 9, ("p1", "sad"), scene=scene)) == ("p1",)
    both = while_seen(12, 3, ("p1", "sad"), ("p2", "sad"), scene=scene)
    assert seen(rule, both) == ("p1",)


def test_time_before_a_break_counts(scene):
    rule = SubjectRule("main", 2.0)
    seen(rule, while_seen(0, 20, ("p1", "sad"), scene=scene))
    assert seen(rule, while_seen(0, 5, ("p2", "sad"), epoch=1, scene=scene)) == ("p2",)
    both = while_seen(5, 1, ("p1", "sad"), ("p2", "sad"), epoch=1, scene=scene)
    assert seen(rule, both) == ("p1",)


def test_whoever_is_not_known_yet_is_not_watched(scene):
    rule = SubjectRule("all", 2.0)
    assert seen(rule, [scene(0.0, (None, "sad")), scene(0.1, (None, "sad"))]) == ()


def test_with_an_enrolment_picture_its_person_is_watched_or_nobody(scene):
    rule = SubjectRule("main", 2.0, enrolled=True)
    assert seen(rule, while_seen(0, 20, ("p1", "sad"), scene=scene)) == ()
    both = while_seen(20, 1, ("p1", "sad"), ("subject", "sad"), scene=scene)
    assert seen(rule, both) == ("subject",)


def test_the_enrolled_person_is_the_first_of_all(scene):
    rule = SubjectRule("all", 2.0, enrolled=True)
    seen(rule, while_seen(0, 5, ("p1", "sad"), scene=scene))
    both = while_seen(5, 1, ("p1", "sad"), ("subject", "sad"), scene=scene)
    assert seen(rule, both) == ("subject", "p1")


def test_memory_does_not_grow_with_the_people(scene):
    rule = SubjectRule("main", 2.0)
    seen(rule, [scene(3.0 * i, (f"p{i}", "sad")) for i in range(REMEMBERED + 50)])
    assert len(rule._seen) == REMEMBERED
    assert f"p{REMEMBERED + 49}" in rule._seen
