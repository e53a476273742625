"""What comes in: orders, specimens, messages of analyzers and systems, values typed by hand.

order, plan, orders    an order becomes cases with numbered tubes
specimens              a tube's way, step by step
incoming, read         bytes become messages: stored, then acknowledged
apply, place, lines    messages become results of specimens, or wait for a person
judged                 rules speak on new results; the case follows; criticals go out at once
"""
