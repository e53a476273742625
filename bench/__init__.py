"""Figures of the whole chain, printed and never asserted. ``make bench`` runs them all; each is bounded."""
