import ArgumentParser
import Foundation
import MawsProcess
import MawsRig

/// `maws-rig scale`: how steps change as a cluster grows.
struct Scale: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale",
        abstract: "Run steps of the coordinator's core with ever more trainers, and name what they wait for.",
        discussion: """
            The core is the real one, and what it takes is measured on one core of this machine; trainers compute in \
            virtual time. What servers move is reckoned from the bytes of weights and gradients and their network.
            """)

    @Option(parsing: .unconditional, help: "The most trainers; tenths of it are run too, down to 10.")
    var trainers = 10_000
    @Option(parsing: .unconditional, help: "Servers.") var servers = 256
    @Option(parsing: .unconditional, help: "Units of a step for each trainer.") var units = 2
    @Option(parsing: .unconditional, help: "Seconds that a trainer needs for a unit.") var unitSeconds = 1.0
    @Option(parsing: .unconditional, help: "Millions of weights, pushed and gathered in bf16.") var weights = 86
    @Option(parsing: .unconditional, help: "Gigabits a second of a server's network.") var gigabits = 25.0

    func validate() throws {
        guard (1...100_000).contains(trainers) else { throw ValidationError("--trainers is 1 to 100000.") }
        guard (1...4096).contains(servers) else { throw ValidationError("--servers is 1 to 4096.") }
        guard (1...64).contains(units) else { throw ValidationError("--units is 1 to 64.") }
        guard (1...100_000).contains(weights) else { throw ValidationError("--weights is 1 to 100000.") }
        guard unitSeconds > 0, unitSeconds <= 3600, gigabits > 0, gigabits <= 10_000 else {
            throw ValidationError("--unit-seconds is up to 3600, --gigabits up to 10000, both above 0.")
        }
    }

    func run() throws {
        Console.say("trainers  messages  coordinator  per 1,000  server in  server out  network     step  waits for")
        var last: ScaleFigures?
        for count in sizes {
            let figures = measure(count)
            Console.say(row(figures))
            last = figures
        }
        guard let last else { return }
        let milliseconds = String(format: "%.2f", 1000 * last.secondsPerThousandTrainers)
        Console.say(
            "figure=scale-coordinator-per-1000-trainers value=\(milliseconds) unit=ms trainers=\(last.trainers) "
                + "servers=\(last.servers) goal=10")
    }

    private var sizes: [Int] {
        sequence(first: trainers) { $0 / 10 >= 10 ? $0 / 10 : nil }.reversed()
    }

    private func measure(_ count: Int) -> ScaleFigures {
        var shape = ScaleShape(trainers: count, servers: servers)
        (shape.unitsPerTrainer, shape.unitSeconds) = (units, unitSeconds)
        (shape.weightBytes, shape.gradientBytes) = (2_000_000 * weights, 2_000_000 * weights)
        shape.serverBytesPerSecond = gigabits * 125_000_000
        var cluster = ScaledCluster(shape) {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
        return cluster.run()
    }

    private func row(_ figures: ScaleFigures) -> String {
        func column(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(1, width - text.count)) + text
        }
        func number(_ value: Double, _ unit: String) -> String { String(format: "%.1f ", value) + unit }
        return column("\(figures.trainers)", 8) + column("\(figures.messages)", 10)
            + column(number(1000 * figures.coordinatorSeconds, "ms"), 13)
            + column(number(1000 * figures.secondsPerThousandTrainers, "ms"), 11)
            + column(number(figures.ingressBytes / 1e9, "GB"), 11)
            + column(number(figures.egressBytes / 1e9, "GB"), 12)
            + column(number(figures.networkSeconds, "s"), 9) + column(number(figures.stepSeconds, "s"), 9)
            + "  \(figures.bottleneck)"
    }
}
