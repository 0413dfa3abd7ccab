import Foundation
import MawsBase
import MawsHash

/// What a program says of itself: the version of its sources, and which build of them it is.
package enum ProgramVersion {
    private static let digits = 12
    private static let pieceBytes = 1 << 20

    /// `maws-ps 0.9.0, build 3fa9c1d27b04`
    package static func description(of program: String) -> String {
        "\(program) \(MawsVersion.number), build \(build())"
    }

    /// `description(of:)` where the command line asks for it, else the version alone: the build costs reading the
    /// program.
    package static func onDemand(_ program: String) -> String {
        CommandLine.arguments.contains("--version") ? description(of: program) : MawsVersion.number
    }

    /// The first digits of the SHA-256 of the program's file: equal for copies of one build, and for nothing else. A
    /// commit is not named, because a build does not know whether its sources were changed since.
    package static func build() -> String {
        guard let file = FileHandle(forReadingAtPath: "/proc/self/exe") else { return "unknown" }
        let hash = Hash()
        do {
            while let piece = try file.read(upToCount: pieceBytes), !piece.isEmpty { hash.update([UInt8](piece)) }
        } catch {
            return "unknown"
        }
        return String(hash.hexadecimal().prefix(digits))
    }
}
