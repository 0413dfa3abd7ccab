import Foundation
import MawsBase
import MawsForecast

/// What each stage will take, as a table.
struct ForecastTable {
    let forecasts: [StageForecast]
    let machine: ForecastMachine
    let isLocal: Bool

    func text() -> String {
        let rows = forecasts.map { forecast in
            [
                forecast.stage, Self.size(forecast.trainerBytes), Self.size(forecast.serverBytes),
                Self.size(forecast.coordinatorBytes), Self.size(forecast.stateBytes), Self.size(forecast.diskBytes),
                PlanSummary.count(forecast.operationsPerImage), PlanSummary.bytes(forecast.pushedBytesPerStep),
                PlanSummary.bytes(forecast.gatheredBytesPerStep), Self.seconds(forecast.seconds),
            ] + (hasNetwork ? [forecast.networkSeconds.map(Self.seconds) ?? "-"] : [])
        }
        let ways =
            forecasts.map { "\($0.stage): a trainer \($0.trainerWay)" }
            + forecasts.filter { !$0.isTimed }.map {
                "\($0.stage): was not timed, as one sample in two blocks takes more memory than timing may; its time "
                    + "is that of the products alone, and too short"
            }
        return
            (["foreseen, \(circumstances)"] + PlanSummary.align([titles] + rows, textColumns: 1) + [
                "", Self.legend, "",
            ]
            + ways + [""]).joined(separator: "\n")
    }

    private var circumstances: String {
        let who =
            isLocal
            ? "trainers: \(machine.trainers), threads of each: \(machine.threads)" : "one trainer like this machine"
        return "\(who), products \(PlanSummary.count(machine.productRate))FLOP/s together"
    }

    private var hasNetwork: Bool { forecasts.contains { $0.networkSeconds != nil } }

    private var titles: [String] {
        [
            "stage", "trainer", "server", "coordinator", "state file", "disk", "FLOP/image", "pushed", "gathered",
            "time",
        ] + (hasNetwork ? ["network"] : [])
    }

    private static let legend = """
        trainer, server, coordinator: resident memory of each process. state file: of each server. disk: state files and
        checkpoints. pushed, gathered: bytes of a step on the wire, all trainers together, as fp32. time: of a step, or
        of an evaluation without a fit, from units of the stage's own data, connections and sums that were timed just
        now on this machine. network, with --bandwidth: what the busiest link needs for it; a step takes at least that.
        """

    private static func size(_ bytes: Int) -> String { ByteSize(bytes: bytes).description }

    static func seconds(_ seconds: Double) -> String {
        seconds < 9.95 ? String(format: "%.2f s", seconds) : String(format: "%.0f s", seconds)
    }
}

/// The whole run in one sentence.
struct RunTotals {
    let run: RunForecast
    let disk: DiskForecast
    let network: Bool

    func text() -> String {
        "the run: \(Self.duration(run.seconds)) on machines like this one\(network ? " and such a network" : ""), "
            + "\(PlanSummary.bytes(run.wireBytes)) on the wire, at most \(PlanSummary.bytes(disk.bytes)) on disk. "
            + "Fits of evaluations are not in the time\(network ? "" : ", nor is a slow network: see --bandwidth").\n\n"
    }

    /// `45 s`, `12 min`, `7.5 h`, `3.2 days`
    static func duration(_ seconds: Double) -> String {
        for (unit, size) in [("days", 86400.0), ("h", 3600), ("min", 60)] where seconds >= 2 * size {
            return String(format: seconds / size < 9.95 ? "%.1f \(unit)" : "%.0f \(unit)", seconds / size)
        }
        return ForecastTable.seconds(seconds)
    }
}
