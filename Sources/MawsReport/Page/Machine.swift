import Foundation
import MawsRecords

/// The machine that writes the report, in a few words.
enum Machine {
    /// `AMD EPYC 9R14, 2 cores, 8 GB, Debian GNU/Linux 12 (bookworm)`
    static func description() -> String {
        let information = ProcessInfo.processInfo
        let memory = Double(information.physicalMemory) / Double(1 << 30)
        let cores = information.activeProcessorCount
        let system = value(of: "PRETTY_NAME", separator: "=", in: "/etc/os-release")
        return [
            value(of: "model name", separator: ":", in: "/proc/cpuinfo"), "\(cores) \(cores == 1 ? "core" : "cores")",
            "\(Figure.significant(memory, digits: 2)) GB", system,
        ].compactMap(\.self).joined(separator: ", ")
    }

    /// The text behind the first `key` of a file of `key<separator>value` lines; nil when it has none.
    private static func value(of key: String, separator: Character, in path: String) -> String? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(key) }),
            let start = line.firstIndex(of: separator)
        else { return nil }
        return line[line.index(after: start)...].trimmingCharacters(in: CharacterSet(charactersIn: " \t\""))
    }
}
