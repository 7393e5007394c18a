"""The rules of the seam: working time, scores, routing, reasons. Pure: no database, no clock."""
