"""Orders names by what they need."""


def in_order(needs):
    """Return the keys of {name: [names that it needs]}, each behind what it needs and else as they came.

    What is needed comes when it is first asked for. Of a cycle, and of what comes behind, none is returned.
    """
    order, opened = {}, set()
    for name in needs:
        todo = [name]
        while todo:
            missing = [one for one in needs[todo[-1]] if one not in order] if todo[-1] not in order else []
            if missing and todo[-1] in opened:
                return list(order)
            if missing:
                opened.add(todo[-1])
                todo += reversed(missing)
            else:
                order.setdefault(todo.pop())
    return list(order)
