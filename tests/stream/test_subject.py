from stream.subject import SubjectRule


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


def test_a_new_epoch_forgets_everyone(scene):
    rule = SubjectRule("all", 2.0)
    assert seen(rule, [scene(0.0, ("p1", "sad")), scene(0.0, ("p2", "sad"), epoch=1)]) == ("p2",)
