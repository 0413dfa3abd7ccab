/// A host and a port as people write them: `10.0.0.7:7070`, `trainer-3.example:7070`, `[::1]:7070`.
///
/// The one reader of addresses: the plan, every program's options and the run folder use it.
package struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address; one of IPv6 without its brackets.
    package var host: String
    /// 0 lets the system choose, where one listens.
    package var port: UInt16

    /// What an address looks like, for sentences that expect one.
    package static let expectation = "host:port, 10.0.0.1:7070 or [::1]:7070 for instance"

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Nil where the text is no address. One of IPv6 stands in brackets: its own colons would hide where the port
    /// begins.
    package init?(text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ 48...57 ~= $0 }), let port = UInt16(digits) else { return nil }
        let before = text[..<colon]
        let isBracketed = before.hasPrefix("[")
        guard isBracketed || !before.contains(":"), let host = Self.host(String(before)) else { return nil }
        self.init(host: host, port: port)
    }

    /// The host of a text that has no port, `trainer-3.example`, `10.0.0.7`, `::1` or `[::1]` for instance.
    package static func host(_ text: String) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = text.dropFirst().dropLast()
            return isVersion6(inner) ? String(inner) : nil
        }
        if text.contains(":") { return isVersion6(text[...]) ? text : nil }
        let isName = !text.isEmpty && text.utf8.allSatisfy { isLetterOrDigit($0) || [45, 46, 95].contains($0) }
        return isName ? text : nil
    }

    /// The address of a process to connect to. Throws a sentence where the text is none, or has port 0.
    package init(toDial text: String) throws(AddressProblem) {
        guard let address = NetworkAddress(text: text), address.port > 0 else {
            throw AddressProblem(description: "'\(text)' is no address; expected \(Self.expectation)")
        }
        self = address
    }

    /// An address to listen at, port 0 for any free one. Throws a sentence where the text is none.
    package init(toListen text: String) throws(AddressProblem) {
        guard let address = NetworkAddress(text: text) else {
            let expected = "\(Self.expectation), port 0 for any free one"
            throw AddressProblem(description: "'\(text)' is no address; expected \(expected)")
        }
        self = address
    }

    /// A host that others are told, without a port. Throws a sentence where the text is none.
    package static func advertisedHost(_ text: String) throws(AddressProblem) -> String {
        guard let host = host(text) else {
            throw AddressProblem(
                description: "'\(text)' is no host; expected a name or an address without a port, 10.0.0.1 or ::1 for "
                    + "instance")
        }
        return host
    }

    /// Whether one who listens here is reached by every address of the machine.
    package var isEveryAddress: Bool {
        ["0.0.0.0", "::", "0:0:0:0:0:0:0:0"].contains(host)
    }

    /// With brackets around an IPv6 address: what `init(text:)` reads.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Eight groups of hexadecimal digits, of which one `::` may stand for those that are zero and an IPv4 address for
    /// the last two; then perhaps `%` and the name of an interface.
    private static func isVersion6(_ text: Substring) -> Bool {
        let zone = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        if zone.count > 1, zone[1].isEmpty || !zone[1].utf8.allSatisfy({ isLetterOrDigit($0) || 45...46 ~= $0 }) {
            return false
        }
        let halves = parts(zone[0], "::")
        guard halves.count <= 2, halves.count == 2 || !zone[0].isEmpty else { return false }
        var groupCount = 0
        for (number, half) in halves.enumerated() where !half.isEmpty {
            let groups = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, group) in groups.enumerated() {
                let isLast = number == halves.count - 1 && place == groups.count - 1
                if isLast, isVersion4(group) {
                    groupCount += 2
                } else if (1...4).contains(group.utf8.count), group.utf8.allSatisfy(isHexadecimal) {
                    groupCount += 1
                } else {
                    return false
                }
            }
        }
        return halves.count == 2 ? groupCount < 8 : groupCount == 8
    }

    private static func isVersion4(_ text: Substring) -> Bool {
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4
            && numbers.allSatisfy { $0.utf8.allSatisfy { 48...57 ~= $0 } && UInt8($0) != nil }
    }

    /// The pieces between the places where `separator`, two equal characters, stands.
    private static func parts(_ text: Substring, _ separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = text
        while let place = rest.indices.first(where: { rest[$0...].hasPrefix(separator) }) {
            parts.append(rest[..<place])
            rest = rest[rest.index(place, offsetBy: separator.count)...]
        }
        return parts + [rest]
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        48...57 ~= byte || 65...90 ~= byte || 97...122 ~= byte
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        48...57 ~= byte || 65...70 ~= byte || 97...102 ~= byte
    }
}

/// What is no address, as one sentence.
package struct AddressProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}
