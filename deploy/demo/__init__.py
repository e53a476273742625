"""``gongzhen demo``: the main job end to end, on a region of its own, told case by case."""
