"""An independent reader of our workbooks: prints what openpyxl makes of one.

    python3 openpyxl.py FILE.xlsx [read-only]

The first line printed is {"columns": [[name, type], ...], ...} with the words
of a query's header, taken from the cells and their number formats ("" where no
cell says), the last row and column that there are, and, but for read-only, which
sees none of it, the look of the sheet. Each further line is a row: an array of
null, numbers, texts; times and days as texts in our spelling.
"""

import json
import os
import sys
from datetime import datetime, time

# This file has the library's name, and its folder is searched first.
sys.path = [p for p in sys.path if os.path.abspath(p) != os.path.dirname(os.path.abspath(__file__))]
import openpyxl  # noqa: E402

file, read_only = sys.argv[1], sys.argv[2:] == ["read-only"]


def value_and_type(cell):
    value = cell.value
    if value is None:
        return None, ""
    if isinstance(value, str):
        if cell.data_type not in ("s", "inlineStr"):
            sys.exit(f"{cell.coordinate} is no text but {cell.data_type}")
        return value, "text"
    if isinstance(value, (int, float)):
        return (value, "integer") if cell.number_format == "0" else (float(value), "real")
    if isinstance(value, time):
        sys.exit(f"{cell.coordinate} is a time without a day")
    if isinstance(value, datetime) and "h" in cell.number_format:
        return value.isoformat(" ", "milliseconds"), "time"
    return value.strftime("%Y-%m-%d"), "day"


book = openpyxl.load_workbook(file, read_only=read_only)
sheet = book.worksheets[0]
size = [sheet.max_row, sheet.max_column]  # read-only knows them from the sheet itself
rows = sheet.iter_rows()
columns = [[cell.value, ""] for cell in next(rows)]
body = []
for row in rows:
    values = []
    for place, cell in enumerate(row):
        value, kind = value_and_type(cell)
        values.append(value)
        known = columns[place][1]
        if kind and known not in ("", kind):
            sys.exit(f"{cell.coordinate} is {kind}, above it is {known}")
        columns[place][1] = known or kind
    body.append(values)

about = {"columns": columns, "sheet": sheet.title, "sheets": len(book.worksheets), "size": size}
if not read_only:
    about |= {
        "frozen": sheet.freeze_panes,
        "filter": sheet.auto_filter.ref,
        "bold": all(cell.font.bold for cell in sheet[1]),
        "formats": sorted({cell.number_format for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None}),
        "widths": [sheet.column_dimensions[openpyxl.utils.get_column_letter(i + 1)].width for i in range(len(columns))],
        "title": book.properties.title,
        "paper": [
            sheet.page_setup.orientation,
            sheet.page_setup.fitToWidth if sheet.sheet_properties.pageSetUpPr.fitToPage else None,
            sheet.page_setup.fitToHeight,
            sheet.print_title_rows,
        ],
    }
print(json.dumps(about))
for values in body:
    print(json.dumps(values))
