import Yams

/// One value of a plan file, with the place it stands at, read as the type a field has.
struct PlanNode {
    let node: Node
    let place: PlanPlace
    /// Faults of the plan that is read.
    let faults: FaultLog

    /// The value as an error names it.
    var found: String {
        switch node {
        case .mapping: "a map"
        case .sequence: "a list"
        case .scalar(let scalar) where isNull: scalar.string.isEmpty ? "nothing" : "`\(scalar.string)`"
        case .scalar(let scalar): scalar.string.isEmpty ? "an empty text" : "`\(scalar.string)`"
        case .alias: "an alias"
        }
    }

    /// Whether the file has the field's name but no value.
    var isNull: Bool { node.null != nil }

    /// The scalar's text as the file has it; nil for maps, lists and nothing.
    var scalar: String? { isNull ? nil : node.scalar?.string }

    func wrong(_ expected: String) -> PlanError { .wrongValue(place, expected: expected, found: found) }

    func text(_ expected: String) throws(PlanError) -> String {
        guard let scalar, !scalar.isEmpty else { throw wrong(expected) }
        return scalar
    }

    /// A path as the system takes it: what a shell would put in place of `~` or `$HOME` nobody does here.
    /// - Parameter mayBeRemote: whether it is of shards, which may lie at an http(s):// address.
    func path(_ expected: String, mayBeRemote: Bool = false) throws(PlanError) -> String {
        let path = try text(expected)
        guard !path.hasPrefix("~") && !path.contains("$") else {
            throw wrong("a path without `~` and `$`, which a plan does not expand")
        }
        guard !path.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .conflict(place, problem: "this path has line breaks or control codes in it; write it on one line")
        }
        if let problem = PathText.problem(path, mayBeRemote: mayBeRemote) {
            throw .conflict(place, problem: "`\(path)` \(problem)")
        }
        return path
    }

    /// A text without line breaks that can be part of a file's name.
    func identifier(_ expected: String) throws(PlanError) -> String {
        let name = try text(expected)
        guard isIdentifier(name) else { throw wrong("\(expected) of letters, digits, `-` and `_`") }
        return name
    }

    func flag() throws(PlanError) -> Bool {
        switch scalar {
        case "true", "on": return true
        case "false", "off": return false
        default: throw wrong("`true` or `false`")
        }
    }

    func integer(_ range: ClosedRange<Int>) throws(PlanError) -> Int {
        let digits = (scalar ?? "").drop { $0 == "-" || $0 == "+" }
        guard digits.count < 2 || digits.first != "0" || !digits.allSatisfy(\.isNumber) else {
            throw wrong("a whole number without zeros in front, for some read it as octal")
        }
        guard let value = scalar.flatMap(Int.init), range.contains(value) else {
            throw wrong(
                range.upperBound == .max
                    ? "a whole number of at least \(range.lowerBound)"
                    : "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A number that `isAllowed` accepts, and that fp32, which most are computed in, takes for neither 0 nor infinity.
    func number(_ expected: String, _ isAllowed: (Double) -> Bool) throws(PlanError) -> Double {
        guard let value = scalar.flatMap(Double.init), value.isFinite, isAllowed(value) else { throw wrong(expected) }
        guard isSinglePrecision(value) else { throw wrong("\(expected), in the range of fp32") }
        return value
    }

    private func isSinglePrecision(_ value: Double) -> Bool { value == 0 || Float(value).isNormal }

    /// A list of `count` such numbers.
    func numbers(_ expected: String, count: Int, _ isAllowed: ([Double]) -> Bool) throws(PlanError) -> [Double] {
        guard let sequence = node.sequence else { throw wrong(expected) }
        let values = sequence.compactMap { $0.scalar.flatMap { Double($0.string) } }
        guard values.count == sequence.count else { throw wrong(expected) }
        let found = "[\(values.map(\.shortest).joined(separator: ", "))]"
        guard values.count == count, values.allSatisfy(\.isFinite), isAllowed(values) else {
            throw .wrongValue(place, expected: expected, found: found)
        }
        guard values.allSatisfy(isSinglePrecision) else {
            throw .wrongValue(place, expected: "\(expected), in the range of fp32", found: found)
        }
        return values
    }

    /// One of the raw values of `Choice`.
    func choice<Choice: RawRepresentable & CaseIterable>(of type: Choice.Type) throws(PlanError) -> Choice
    where Choice.RawValue == String {
        guard let value = scalar.flatMap(Choice.init(rawValue:)) else {
            throw wrong(Choice.allCases.map { "`\($0.rawValue)`" }.joined(separator: " or "))
        }
        return value
    }

    /// A hundred years.
    private static let durationMaxSeconds = 36500 * 86400.0

    /// A duration such as `500ms`, `30s`, `5m`, `2h` or `1d`, in seconds.
    func seconds() throws(PlanError) -> Double {
        let units: [(suffix: String, seconds: Double)] = [
            ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400),
        ]
        let text = scalar ?? ""
        for unit in units where text.hasSuffix(unit.suffix) {
            guard let value = Double(text.dropLast(unit.suffix.count)) else { continue }
            if value.isFinite && value > 0 {
                guard value * unit.seconds <= Self.durationMaxSeconds else {
                    throw wrong("a duration of at most 36500d, a hundred years")
                }
                return value * unit.seconds
            }
        }
        throw wrong("a duration above zero such as `30s`, `5m` or `2h`")
    }

    /// The values of a list, each with its own line.
    func list(_ expected: String) throws(PlanError) -> [PlanNode] {
        guard let sequence = node.sequence else { throw wrong(expected) }
        return sequence.enumerated().compactMap { index, element in
            var place = place
            place.line = element.mark?.line ?? place.line
            place.field += "[\(index)]"
            return faults.isMasked(place) ? nil : PlanNode(node: element, place: place, faults: faults)
        }
    }
}

extension Double {
    /// The shortest text that reads back to the same number, without a needless `.0`.
    var shortest: String {
        let text = description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

/// Whether a name can be part of a file's name and of a field's path: letters, digits, `-` and `_`.
func isIdentifier(_ name: String) -> Bool {
    !name.isEmpty && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
}
