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


def both_seen(rule, scene, *, longer="p1", other="p2", start_s=0):
    seen(rule, while_seen(start_s, 3, (longer, "sad"), scene=scene))
    return seen(rule, while_seen(start_s + 3, 3, (longer, "sad"), (other, "sad"), scene=scene))


def test_who_speaks_far_more_is_the_subject_and_not_the_longest_seen(scene):
    rule = SubjectRule("main", 2.0)
    assert both_seen(rule, scene) == ("p1",)
    rule.hear("p1", 6.0)
    rule.hear("p2", 25.0)
    assert rule.watched() == ("p2",)


def test_a_question_makes_nobody_the_subject(scene):
    rule = SubjectRule("main", 2.0)
    both_seen(rule, scene)
    rule.hear("p2", 8.0)
    assert rule.watched() == ("p1",)


def test_two_who_speak_in_turns_for_equal_time_do_not_take_turns_as_the_subject(scene):
    rule = SubjectRule("main", 2.0)
    both_seen(rule, scene)
    subjects = []
    for turn in range(20):
        rule.hear(("p2", "p1")[turn % 2], 20.0)
        subjects.append(rule.watched())
    assert set(subjects) == {("p2",)}  # who spoke before the other had said a word


def test_who_answers_at_length_takes_the_place_that_a_long_question_took(scene):
    rule = SubjectRule("main", 2.0)
    both_seen(rule, scene)
    rule.hear("p2", 15.0)
    assert rule.watched() == ("p2",)
    rule.hear("p1", 40.0)
    assert rule.watched() == ("p1",)


def test_who_speaks_out_of_sight_is_not_watched_until_seen_again(scene):
    rule = SubjectRule("main", 2.0)
    both_seen(rule, scene)
    assert seen(rule, while_seen(6, 4, ("p1", "sad"), scene=scene)) == ("p1",)
    rule.hear("p2", 40.0)
    assert rule.watched() == ("p1",)
    both = while_seen(10, 1, ("p1", "sad"), ("p2", "sad"), scene=scene)
    assert seen(rule, both) == ("p2",)


def test_speech_makes_nobody_the_subject_but_the_one_enrolled(scene):
    rule = SubjectRule("main", 2.0, enrolled=True)
    both_seen(rule, scene, longer="subject")
    rule.hear("p2", 100.0)
    assert rule.watched() == ("subject",)


def test_a_voice_of_somebody_never_seen_is_not_credited(scene):
    rule = SubjectRule("all", 2.0)
    both_seen(rule, scene)
    rule.hear("p9", 100.0)
    assert rule.watched() == ("p1", "p2")
