from deploy.cli.sheet import sheet


def test_columns_stand_under_their_headings_whatever_the_script() -> None:
    table = sheet(("用户名", "启用", "角色"), [["reader1", True, ["reader", "reviewer"]], ["县级", False, None]])
    assert table.splitlines() == [
        "用户名   启用  角色",
        "reader1  是    reader,reviewer",
        "县级     否",
    ]


def test_an_empty_list_is_its_headings() -> None:
    assert sheet(("甲", "乙"), []) == "甲  乙"
