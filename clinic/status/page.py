"""The status page: one table after another, Chinese, without a script."""

from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from shared.clock import show

_PRIORITIES = {"stat": "危急", "urgent": "加急", "routine": "普通"}
_CENTERS = {"imaging": "影像", "ecg": "心电"}
_STYLE = (
    "body{font:16px/1.6 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}"
    ".bad{color:#a40000;font-weight:bold}"
)


def render(status: dict[str, Any]) -> str:
    region, disk, sent = status["region"], status["disk"], status["sent"]
    summary = [
        ("中心", escape(region["url"])),
        ("最近联系", _when(region["last_contact"]) + _bad(region["last_problem"])),
        (
            "本机时钟",
            _bad(f"与中心相差 {region['clock_skew_s']:.0f} 秒，请校准") if region["clock_is_wrong"] else "正常",
        ),
        ("磁盘剩余", _size(disk["free_bytes"]) + (_bad("空间不足，已停止接收") if disk["is_low"] else "")),
        ("正在收集", f"{status['gathering']} 个文件"),
        ("等待上传", _total(status["waiting"])),
        ("正在上传", _sending(status["sending"])),
        ("被中心拒收", _bad(_total(status["refused"])) if status["refused"]["uploads"] else "无"),
        ("已送达", f"{sent['uploads']} 次，{sent['files']} 个文件"),
        ("设备工作列表", f"{status['worklist']['orders']} 条，更新于 {_when(status['worklist']['refreshed_at'])}"),
        ("报告", f"已取回 {status['reports']['fetched']} 份，待打印 {status['reports']['to_print']} 份"),
    ]
    unknown = status["reports"]["print_unknown"]
    if unknown:
        summary.append(("打印结果不明", _bad("、".join(map(str, unknown)) + "：请人工核对")))
    body = "".join(
        (
            _table((), (_row((f"<b>{name}</b>", value)) for name, value in summary)),
            _uploads("被拒收，请处理", status["refused"]["items"]),
            _uploads("等待上传", status["waiting"]["items"]),
            _last(sent["last"]),
        )
    )
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="refresh" content="10">'
        f"<title>共诊前置机</title><style>{_STYLE}</style></head><body><h1>共诊前置机</h1>{body}</body></html>"
    )


def _uploads(title: str, items: list[dict[str, Any]]) -> str:
    if not items:
        return ""
    heads = ("编号", "中心", "优先级", "检查号", "来源", "文件", "大小", "次数", "原因")
    rows = (
        _row(
            (
                escape(item["upload_id"]),
                _CENTERS.get(item["center"], item["center"]),
                _PRIORITIES.get(item["priority"], item["priority"]),
                escape(item["accession_number"] or ""),
                escape(item["source"] or ""),
                str(item["files"]),
                _size(item["size_bytes"]),
                str(item["attempts"]),
                escape(f"{item['detail']}（{item['code']}）" if item["code"] else ""),
            )
        )
        for item in items
    )
    return f"<h2>{title}</h2>{_table(heads, rows)}"


def _last(items: list[dict[str, Any]]) -> str:
    if not items:
        return ""
    rows = (
        _row((escape(item["case_id"]), _CENTERS.get(item["center"], ""), _when(item["finished_at"]))) for item in items
    )
    return f"<h2>最近送达</h2>{_table(('病例', '中心', '时间'), rows)}"


def _table(heads: tuple[str, ...], rows: Iterable[str]) -> str:
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in heads)}</tr>" if heads else ""
    return f"<table>{head}{''.join(rows)}</table>"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _bad(text: str) -> str:
    return f' <span class="bad">{escape(text)}</span>' if text else ""


def _total(uploads: dict[str, Any]) -> str:
    return f"{uploads['uploads']} 次，{uploads['files']} 个文件，{_size(uploads['size_bytes'])}"


def _sending(sending: dict[str, Any] | None) -> str:
    if sending is None:
        return "无"
    return f"{escape(sending['upload_id'])}：{_size(sending['sent_bytes'])} / {_size(sending['size_bytes'])}"


def _size(count: int | None) -> str:
    size = float(count or 0)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _when(moment: str | None) -> str:
    return show(datetime.fromisoformat(moment)) if moment else "尚无"
