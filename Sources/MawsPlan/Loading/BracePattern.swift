/// Names with a range in braces, as shells and WebDataset write them: `train-{0000..0011}.tar`.
package enum BracePattern {
    /// Most names one pattern may stand for.
    package static let namesMax = 1_000_000

    package enum Fault: Error, Hashable {
        /// A brace without its partner, or a range that is not `{first..last}` of whole numbers.
        case malformed
        /// The last number lies below the first.
        case backwards
        case tooMany
    }

    /// The names `pattern` stands for, in order; several ranges count like the digits of a number.
    /// Numbers keep the width of the first one, zeros included.
    package static func expand(_ pattern: String) throws(Fault) -> [String] {
        guard let open = pattern.firstIndex(of: "{") else {
            if pattern.contains("}") { throw .malformed }
            return [pattern]
        }
        let prefix = pattern[..<open]
        guard !prefix.contains("}"), let close = pattern[open...].firstIndex(of: "}") else { throw .malformed }
        let numbers = try range(pattern[pattern.index(after: open)..<close])
        let rests = try expand(String(pattern[pattern.index(after: close)...]))
        guard numbers.count <= namesMax / rests.count else { throw .tooMany }
        return numbers.flatMap { number in rests.map { prefix + number + $0 } }
    }

    private static func range(_ text: Substring) throws(Fault) -> [String] {
        let ends = text.split(separator: ".", omittingEmptySubsequences: false)
        guard ends.count == 3, ends[1].isEmpty, let first = number(ends[0]), let last = number(ends[2]) else {
            throw .malformed
        }
        guard first <= last else { throw .backwards }
        guard last - first < namesMax else { throw .tooMany }
        return (first...last).map { number in
            let digits = String(number)
            return String(repeating: "0", count: max(0, ends[0].count - digits.count)) + digits
        }
    }

    private static func number(_ text: Substring) -> Int? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int(text) : nil
    }
}
