import Foundation
import MawsBase
import MawsReport

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
            ]
        }
        let ways = forecasts.map { "\($0.stage): a trainer \($0.trainerWay)" }
        return
            (["foreseen, \(circumstances)"] + PlanSummary.align([Self.titles] + rows, textColumns: 1) + [
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

    private static let titles = [
        "stage", "trainer", "server", "coordinator", "state file", "disk", "FLOP/image", "pushed", "gathered", "time",
    ]

    private static let legend = """
        trainer, server, coordinator: resident memory of each process. state file: of each server. disk: state files and
        checkpoints. pushed, gathered: bytes of a step on the wire, all trainers together, as fp32. time: of a step, or
        of an evaluation without a fit, from units of the stage's own data, connections and sums that were timed just
        now on this machine.
        """

    private static func size(_ bytes: Int) -> String { ByteSize(bytes: bytes).description }

    private static func seconds(_ seconds: Double) -> String {
        seconds < 9.95 ? String(format: "%.2f s", seconds) : String(format: "%.0f s", seconds)
    }
}
