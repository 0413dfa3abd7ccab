import Foundation
import Logging
import MawsCoordinator
import MawsFiles
import Testing

/// The coordinator's log, and what of it is on standard error.
struct RunLogTests {
    /// Warnings stand in both places, each on a line of its own; the file is gone on with.
    @Test func warningsAreSaidTwiceAndEverythingIsKept() async throws {
        let path = NSTemporaryDirectory() + "maws-log-\(UUID().uuidString).log"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let end = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            [path = path as String] in
            try RunLog.logger(path: path).info("first")
            let logger = try RunLog.logger(path: path)
            logger.debug("never")
            logger.notice("second", metadata: ["step": "3"])
            logger.warning("third\nforged")
            logger.error("see http://me:word@host/a?sig=1")
        }
        let kept = String(decoding: try AtomicFile.read(path), as: UTF8.self).split(separator: "\n")
        #expect(
            kept.map { $0.split(separator: " ", maxSplits: 1)[1] } == [
                "info coordinator first", "notice coordinator second step=3", "warning coordinator third\\nforged",
                "error coordinator see http://***@host/a?sig=***",
            ])
        let said = String(decoding: end?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.split(separator: "\n").filter { $0.contains(" coordinator ") } == kept.suffix(2))
    }

    /// The run's records say so when the disk is full; the log does not end the run.
    @Test func aLogThatCannotBeWrittenIsSaidOnStandardErrorAlone() async throws {
        let end = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try RunLog.logger(path: "/dev/full").warning("the disk is full")
        }
        let said = String(decoding: end?.standardErrorContent ?? [], as: UTF8.self)
        #expect(said.contains("warning coordinator the disk is full\n"))
    }

    @Test func aPlaceWhereNoLogCanBeIsRefused() {
        #expect(throws: StorageError.self) { _ = try RunLog.logger(path: "/proc/none/coordinator.log") }
    }
}
