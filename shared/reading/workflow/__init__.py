"""One function an action. Each runs in one transaction of its caller, or says that it opens its own.

arrival     what an intake hands over, and gets back
intake      bytes and orders become cases (inside the intake's own transaction); identity, opening, card help it
assign      a case finds its reading site
results     a laboratory's specimens and results
claims      claim, keep, give back, resume
drafts      the text while it is written; recovery keeps what came too late
signing     submit, sign, issue; preparing, statement, credentials, desk, versions are its parts; unlocking the PIN
review      return, recall, void
amendment   open, discard
management  cancel, reject, refer, reassign, hurry
sweeps      what time alone does, to its cases one_by_one
criticals   the critical-result loop (危急值), a package of its own
repeated    the same call again after a lost answer
apply       the one place where a case's state is written; permit checks, step carries, snapshot tells
restate     events written again from the rows, for a projection that is rebuilt
"""
