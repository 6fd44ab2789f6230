"""The outbox: what has to be told to somebody else, written with what causes it.

    transaction: change + post(kind, payload) ──commit──► worker ──► deliver(message) of its kind
        done                          ► delivered, swept after a day
        DeliveryFailed                ► again after 5 s, 20 s, 80 s, ...
        final, or the ninth failure   ► dead, kept for 30 days

A message is delivered at least once, so whoever receives it must be able to tell a repetition (a
message keeps its id). At most one worker of all nodes has a message at a time: taking it is one
conditional UPDATE, which also says until when nobody else may. Owns: outbox. Does not own: what a
kind means; `app.py` hands the worker a function for each.

Read `worker.py`.
"""
