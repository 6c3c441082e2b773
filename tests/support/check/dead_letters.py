"""What cannot be decided is set aside, byte for byte, and nothing else is."""

import struct
from collections.abc import Iterable, Iterator, Mapping

from tests.support.check.words import shortened
from tests.support.model import replay
from tests.support.tables import Tables
from tests.support.wire import Record


def check_dead_letters(
    records: Iterable[Record], letters: Iterable[Record], tables: Tables, since: Mapping[int, int] | None = None
) -> list[str]:
    """The model's dead letters of these records are in the dead-letter topic, at least once and unaltered.
    since: offsets at which the records begin; letters of older ones are left out."""
    return shortened("dead letters", _violations(list(records), list(letters), tables, since or {}))


def original_offset(letter: Record) -> int | None:
    """The offset that the record had, None where the header is missing or odd."""
    value = dict(letter.headers).get("kafka_dlt-original-offset")
    return struct.unpack(">q", value)[0] if value and len(value) == 8 else None


def refused(letters: Iterable[Record]) -> set[tuple[int, int]]:
    """Partition and offset of the records that are dead letters because the database would not take them."""
    return {
        (letter.partition, original_offset(letter) or 0)
        for letter in letters
        if dict(letter.headers).get("kafka_dlt-exception-fqcn") == b"REFUSED"
    }


def _violations(
    records: list[Record], letters: list[Record], tables: Tables, since: Mapping[int, int]
) -> Iterator[str]:
    replayed = replay(records, tables.coupons, refused(letters), tables.changes)
    expected = {(record.partition, record.offset): record for record in replayed.dead_letters}
    seen = set()
    for letter in letters:
        offset = original_offset(letter)
        if offset is None:
            yield f"{letter.partition}:{letter.offset} does not say which record it was"
            continue
        if offset < since.get(letter.partition, 0):
            continue
        place = (letter.partition, offset)
        seen.add(place)
        record = expected.get(place)
        if record is None:
            yield f"record {letter.partition}:{offset} is among the dead letters, the model decides it"
        elif (letter.key, letter.value) != (record.key, record.value):
            yield f"record {letter.partition}:{offset} was altered on its way to the dead letters"
    for partition, offset in sorted(set(expected) - seen):
        yield f"record {partition}:{offset} belongs among the dead letters and is not there"
