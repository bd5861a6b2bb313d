"""Writes of every kind, in any order, for Hypothesis to make up. Keys, places and contents are few: they meet."""

from hypothesis import strategies as st

from polyhost.store.base import AddRecords, RecordWrite, TombstoneAbsent, TombstoneUnseen, WriteRecords
from store.making import AT, LATER, record

__all__ = ["KEYS", "PARTITIONS", "STREAMS", "additions", "writes"]

STREAMS = ["messages", "users"]
KEYS = ["a", "b", "c", "d", "", "a\0", "é", "\U0001d11e"]
PARTITIONS = ["C1", "C2", None]
POSITIONS = ["1", "2", "3", None]

records = st.builds(
    record,
    st.sampled_from(KEYS),
    text=st.sampled_from(["x", "y"]),
    stream=st.sampled_from(STREAMS),
    op=st.sampled_from(["upsert", "upsert", "upsert", "delete"]),
    partition=st.sampled_from(PARTITIONS),
    position=st.sampled_from(POSITIONS),
    cursor=st.sampled_from(["10", "11", "12"]),
    is_head=st.booleans(),
    at=st.sampled_from([AT, LATER]),
)
bare_deletions = st.builds(
    RecordWrite, st.sampled_from(STREAMS), st.sampled_from(KEYS), st.just("delete"), st.none(), st.none(), st.just(AT)
)
without_digest = records.map(lambda r: RecordWrite(r.stream, r.key, "upsert", r.data, None, r.emitted_at, r.partition))
walks = st.builds(
    TombstoneAbsent,
    stream=st.sampled_from(STREAMS),
    partition=st.sampled_from(["C1", "C2"]),
    since=st.sampled_from([None, "1", "2"]),
    until=st.sampled_from(["1", "2", "3"]),
    seen=st.sets(st.sampled_from(KEYS)),
    groups=st.sets(st.sampled_from(["1", "2", "3"])),
    at=st.just(LATER),
)
enumerations = st.builds(
    TombstoneUnseen, stream=st.sampled_from(STREAMS), seen=st.sets(st.sampled_from(KEYS)), at=st.just(LATER)
)
batches = st.lists(records | bare_deletions | without_digest, max_size=12)
additions = st.lists(batches.map(WriteRecords) | batches.map(AddRecords), min_size=1, max_size=4)
"""What an import may write: it proves no absence."""
ops = st.one_of(batches.map(WriteRecords), batches.map(AddRecords), walks, enumerations)
writes = st.lists(st.tuples(st.sampled_from([1, 2]), st.lists(ops, min_size=1, max_size=4)), max_size=6)
"""Each by one of two batches."""
