"""The code generator, on schemas of its own and on the vendor's facts."""
