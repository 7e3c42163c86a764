"""``make audit``: known vulnerabilities of the locked packages, or one line that says why nobody knows.

pip-audit asks a database on the network. Where that does not answer, the audit is not passed but undone.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parents[2] / "constraints.txt"
FOUND, NOT_DONE = 1, 2


def verdict(answer: str, complaint: str) -> tuple[int, str]:
    """What to end with, and the line that says why.

    Args:
        answer: What pip-audit wrote as JSON, or nothing.
        complaint: What it wrote besides.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, KeyError):
        reason = (complaint.strip().splitlines() or ["it said nothing"])[-1].strip()[:200]
        return NOT_DONE, f"audit: NOT DONE, pip-audit failed: {reason}"
    hit = [f"{each['name']} {each['version']}: {bug['id']}" for each in packages for bug in each.get("vulns", ())]
    if hit:
        return FOUND, f"audit: {len(hit)} known vulnerabilities: {'; '.join(hit)}"
    skipped = [each["name"] for each in packages if "skip_reason" in each]
    if skipped or not packages:
        some = ", ".join(skipped[:5]) + (", ..." if skipped[5:] else "")
        count = f"{len(skipped)} of {len(packages)} packages"
        return NOT_DONE, f"audit: NOT DONE for {count}: PyPI's advisory database did not answer for {some}"
    return 0, f"audit: no known vulnerability in the {len(packages)} locked packages"


def main() -> None:
    """Ask for every package of constraints.txt."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--no-deps", "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "15", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    status, line = verdict(done.stdout, done.stderr)
    sys.stderr.write(f"{line}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
