"""Who is who: a person keeps the same ``person_id`` across misses, cuts and reverse shots."""
