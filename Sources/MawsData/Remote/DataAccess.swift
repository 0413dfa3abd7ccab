import Foundation
import MawsBase

/// What this machine allows and lends to the reading of data: no part of a plan, as it changes no number.
package struct DataAccess: Sendable {
    /// Folder of the cache for data that is not local; see `PageCache`.
    package var cacheFolder: String
    package var cacheBytesMax: Int
    /// Whether `pipe:` sources may run their commands. A plan comes over the network, so a machine says yes for itself.
    package var allowsPipes: Bool
    /// Seconds without a byte after which a server or a command counts as stalled.
    package var stallSeconds = 30
    /// A page of the cache may take so many times `stallSeconds`: by default 300 s for 1 MiB, 3.5 KB/s.
    static let stallsPerPage = 10
    /// Times that a read is tried before it is an error, and the pause before the second; it doubles with each.
    package var tries = 5
    package var pauseSeconds = 0.5
    package var credentials = DataCredentials(environment: [:])

    package init(cacheFolder: String, cacheBytesMax: Int, allowsPipes: Bool) {
        self.cacheFolder = cacheFolder
        self.cacheBytesMax = cacheBytesMax
        self.allowsPipes = allowsPipes
    }

    /// From the environment: `MAWS_CACHE` (`~/.cache/maws`), `MAWS_CACHE_SIZE` (`20G`),
    /// `MAWS_ALLOW_PIPES=yes`, `MAWS_STALL_SECONDS` (30), `MAWS_READ_TRIES` (5), and those of `DataCredentials`.
    package static var ofThisMachine: DataAccess {
        let environment = ProcessInfo.processInfo.environment
        let folder =
            environment["MAWS_CACHE"] ?? (environment["XDG_CACHE_HOME"] ?? NSHomeDirectory() + "/.cache") + "/maws"
        var access = DataAccess(
            cacheFolder: folder,
            cacheBytesMax: environment["MAWS_CACHE_SIZE"].flatMap { ByteSize(text: $0)?.bytes } ?? 20 << 30,
            allowsPipes: environment["MAWS_ALLOW_PIPES"] == "yes")
        let number = { environment[$0].flatMap(Int.init).flatMap { $0 > 0 ? $0 : nil } }
        access.stallSeconds = number("MAWS_STALL_SECONDS") ?? access.stallSeconds
        access.tries = number("MAWS_READ_TRIES") ?? access.tries
        access.credentials = DataCredentials(environment: environment)
        return access
    }

    /// A sentence for each of those variables that is set to something else than it takes.
    package static func faults(of environment: [String: String] = ProcessInfo.processInfo.environment) -> [String] {
        let sizes = ["MAWS_CACHE_SIZE"].filter { name in environment[name].map { ByteSize(text: $0) == nil } ?? false }
        let numbers = ["MAWS_STALL_SECONDS", "MAWS_READ_TRIES"].filter { name in
            environment[name].map { Int($0).map { $0 <= 0 } ?? true } ?? false
        }
        return sizes.map { "\($0) is `\(environment[$0] ?? "")`; expected \(ByteSize.expected)." }
            + numbers.map { "\($0) is `\(environment[$0] ?? "")`; expected a whole number above 0." }
    }
}
