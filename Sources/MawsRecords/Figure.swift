import Foundation

/// Numbers as a person reads them.
package enum Figure {
    /// Fixed-point, `12.30`; `nan` and `inf` as they are.
    package static func decimal(_ value: Double, places: Int) -> String { String(format: "%.\(places)f", value) }

    /// With this many significant digits, without an exponent where it fits into 12 characters.
    package static func significant(_ value: Double, digits: Int) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        // The exponent after rounding: 0.9996 with three digits is 1.00.
        let scientific = String(format: "%.\(digits - 1)e", value)
        let magnitude = scientific.split(separator: "e").last.flatMap { Int($0) } ?? 0
        let places = digits - 1 - magnitude
        guard places <= 8, magnitude < 12 else { return scientific }
        return decimal(value, places: max(0, places))
    }

    /// With a comma between thousands.
    package static func count(_ value: Int) -> String {
        let digits = String(value.magnitude)
        let groups = stride(from: digits.count, to: 0, by: -3).map { end in
            digits.dropFirst(max(0, end - 3)).prefix(min(3, end))
        }
        return (value < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
    }

    /// `0.42 s`, `4.2 s`, `1m 20s`, `2h 05m`, `3d 04h`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e12 else { return "–" }
        let seconds = max(0, seconds)
        if seconds < 0.995 { return "\(decimal(seconds, places: 2)) s" }
        if seconds < 9.95 { return "\(decimal(seconds, places: 1)) s" }
        let whole = Int(seconds.rounded())
        if whole < 60 { return "\(whole) s" }
        if whole < 3600 { return "\(whole / 60)m \(padded(whole % 60))s" }
        if whole < 86400 { return "\(whole / 3600)h \(padded(whole % 3600 / 60))m" }
        return "\(whole / 86400)d \(padded(whole % 86400 / 3600))h"
    }

    /// As `duration`, without tenths: what is estimated anew all the time must not flicker.
    package static func wholeDuration(_ seconds: Double) -> String {
        seconds.isFinite && seconds < 10 ? "\(Int(max(0, seconds).rounded(.up))) s" : duration(seconds)
    }

    /// Decimal units: `640 B`, `1.20 MB`, `34.5 GB`.
    package static func bytes(_ count: Int) -> String {
        guard count >= 1000 else { return "\(count) B" }
        let unit = byteUnit(Double(count))
        return "\(significant(Double(count) / unit.size, digits: 3)) \(unit.name)"
    }

    /// The largest decimal unit that leaves at least 1 when `bytes` is counted in it.
    package static func byteUnit(_ bytes: Double) -> (size: Double, name: String) {
        // 999.5 rounds up to 1000 with three digits, which is 1.00 of the next unit.
        let units: [(Double, String)] = [(1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
        return units.first { bytes >= 0.9995 * $0.0 } ?? (1, "B")
    }

    /// `83.4 %` of a share in 0...1.
    package static func percent(_ share: Double) -> String { "\(decimal(100 * share, places: 1)) %" }

    /// Four significant digits for small losses, four decimals at most for large ones.
    package static func loss(_ value: Double) -> String { significant(value, digits: abs(value) < 10 ? 4 : 5) }

    package static func rate(imagesPerSecond value: Double) -> String {
        guard value.isFinite else { return "–" }
        return value < 10 || value >= 1e12 ? significant(value, digits: 2) : count(Int(value.rounded()))
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
