"""The code generator, with test schemas and with facts of the vendor's schema."""
