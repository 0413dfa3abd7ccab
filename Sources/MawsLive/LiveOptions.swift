import Foundation

/// What a live run is told.
package struct LiveOptions: Sendable {
    /// Whence the faults come.
    package enum Faults: Sendable {
        case schedule(path: String)
        case random(count: Int, kinds: [FaultKind], secondsMax: Double, FaultSource.Pause)
        /// Each that applies to a role once, for so long.
        case matrix(seconds: Double)
    }

    package var plan: String
    package var faults: Faults
    package var seed: UInt64
    /// Where both runs are kept; it must not exist or be empty.
    package var folder: String
    /// Folder of the programs and the shim.
    package var programs: String
    package var dataRoot = "."
    /// In place of the plan's.
    package var servers: Int?
    package var trainers: Int?
    /// Without a commit for so long, no fault being under way, the run counts as stuck.
    package var stallSeconds = 120.0

    package init(plan: String, faults: Faults, seed: UInt64, folder: String, programs: String) {
        (self.plan, self.faults, self.seed) = (plan, faults, seed)
        (self.folder, self.programs) = (folder, programs)
    }

    func source(servers: Int, trainers: Int) throws -> FaultSource {
        switch faults {
        case .schedule(let path):
            .schedule(try ScheduleReader(file: path, servers: servers, trainers: trainers).read())
        case .random(let count, let kinds, let seconds, let pause):
            .random(
                count, seed: seed, kinds: kinds, secondsMax: seconds, pause: pause, servers: servers,
                trainers: trainers)
        case .matrix(let seconds): .matrix(seconds: seconds)
        }
    }
}
