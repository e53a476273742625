"""One function an action. Each runs in one transaction of its caller, or says that it opens its own.

apply       the one place where a case's state is written
snapshot    a case as every event carries it
intake      bytes and orders become cases (called inside the intake's own transaction)
"""
