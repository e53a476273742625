"""The tables of schema ``gateway``; each module is one subject of them."""
