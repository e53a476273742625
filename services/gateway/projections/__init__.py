"""From the centres' events to what the gateway serves.

cases       the newest snapshot of each case, and what changed on a reading site's worklist
criticals   critical results: each step once, the newest state
files       fetch a signed report, verify it
reports     released versions, the facts about them, the feed
consumers   the durable consumers that drive both
"""
