"""The benchmark measures: bills laid out, turns taken, tables written."""

import io
import zlib
from pathlib import Path

import pikepdf
import pytest
from rich.console import Console

from bench.bills import Bill
from bench.composers import COMPOSERS, Missing, Workplace, describe
from bench.fop import class_path
from bench.html import page, style_sheet
from bench.keys import write_identity
from bench.layout import Columns, Para, Picture, Table, Tinted, lay_out, load_house
from bench.report import as_json, as_table, base_of, figure, remarks
from bench.rounds import Measured, Plan, run
from bench.xslfo import FoWriter
from bustia.compose.company import load_company
from bustia.compose.labels import load_labels
from bustia.compose.view import bill_view
from bustia.seal import load_identity
from tests.compose.bills import STATIONERY, decision, facts
