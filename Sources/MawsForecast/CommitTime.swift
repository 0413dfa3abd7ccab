import Foundation
import MawsBase
import MawsDatabase

/// How long the coordinator takes to make a step durable on the disk that the run will be on.
enum CommitTime {
    private static let commits = 9

    /// Seconds, the median of a few commits to a database that is gone afterwards.
    static func measure(runFolder: String) throws -> Double {
        var place = URL(fileURLWithPath: runFolder).standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path) { place.deleteLastPathComponent() }
        let folder = place.appending(path: ".maws-forecast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let database = try RunDatabase(path: folder.appending(path: "run.sqlite").path)
        _ = try database.open(newRunID: "forecast", plan: [])
        let seconds = try (0..<commits).map { step in
            let start = Moment.now()
            try database.commit(
                CommitRecord(
                    stage: 0, step: UInt64(step), learningRate: 0, clipScale: 1, gradientNorm: 0, loss: 0, images: 0,
                    seconds: 0, bytesPushed: 0, bytesGathered: 0))
            return Moment.now().seconds(since: start)
        }
        return seconds.sorted()[commits / 2]
    }
}
