"""Orders names by what they need."""

import collections
import heapq


def in_order(needs):
    """Return the keys of {name: [names that it needs]} in an order that has what a name needs before it (Kahn)."""
    missing = {name: len(makers) for name, makers in needs.items()}
    users = collections.defaultdict(list)
    for name, makers in needs.items():
        for maker in makers:
            users[maker].append(name)
    places = {name: place for place, name in enumerate(needs)}
    names, order = list(needs), []
    ready = [places[name] for name, count in missing.items() if not count]
    heapq.heapify(ready)
    while ready:  # what was made first comes first, as far as that is an order
        name = names[heapq.heappop(ready)]
        order.append(name)
        for user in users[name]:
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready, places[user])
    return order
