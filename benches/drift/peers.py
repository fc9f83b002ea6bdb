"""Compares two Parquet files with another package, by its defaults, and prints what that cost as one line of JSON.

The seconds of the whole process are measured by whoever starts it; here are those of importing, reading and
comparing, the processor's seconds, and the most memory that the process had.
"""

import argparse
import json
import os
import resource
import time


def evidently(reference, current):
    """Evidently's drift preset over all columns, computed and not drawn."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    import evidently as package

    def compare():
        report = Report([DataDriftPreset()]).run(current, reference)
        moved = [metric for metric in report.dict()["metrics"] if "ValueDrift" in metric["metric_name"]]
        return len(moved)

    return package.__version__, compare


def nannyml(reference, current):
    """NannyML's univariate drift by its default methods; the current file is one chunk."""
    import nannyml as package

    def compare():
        calculator = package.UnivariateDriftCalculator(column_names=list(reference.columns), chunk_number=1)
        calculator.fit(reference)
        result = calculator.calculate(current).to_df()
        return len({column for column, *_ in result.columns if column != "chunk"})

    return package.__version__, compare


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=["evidently", "nannyml"])
    parser.add_argument("reference", help="a Parquet file")
    parser.add_argument("current", help="a Parquet file with the same columns")
    arguments = parser.parse_args()

    # a package that reports home waits for the network, which is not what is measured
    os.environ["DO_NOT_TRACK"] = os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
    import pandas

    start = time.perf_counter()
    reference = pandas.read_parquet(arguments.reference)
    current = pandas.read_parquet(arguments.current)
    read = time.perf_counter()
    version, compare = {"evidently": evidently, "nannyml": nannyml}[arguments.peer](reference, current)
    imported = time.perf_counter()
    columns = compare()
    compared = time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "peer": arguments.peer,
                "version": version,
                "rows": len(current),
                "columns": columns,
                "reading_seconds": round(read - start, 3),
                "importing_seconds": round(imported - read, 3),
                "comparing_seconds": round(compared - imported, 3),
                "cpu_seconds": round(used.ru_utime + used.ru_stime, 3),
                "peak_bytes": used.ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
