"""Bank accounts on their way in: encrypted, with a mask to show and a fingerprint to compare."""

import pyarrow as pa

from bustia.billing.fields import encrypt, fingerprint
from bustia.identifiers import mask_iban

__all__ = ["encrypt", "protect"]


def protect(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Replace the accounts (column ``iban``) by their encrypted form, mask and fingerprint."""
    ibans: list[str] = rows.column("iban").to_pylist()
    place = rows.schema.get_field_index("iban")
    return (
        rows.set_column(place, "iban", pa.array(map(encrypt, ibans), pa.string()))
        .append_column("iban_masked", pa.array(map(mask_iban, ibans), pa.string()))
        .append_column("iban_fingerprint", pa.array(map(fingerprint, ibans), pa.string()))
    )
