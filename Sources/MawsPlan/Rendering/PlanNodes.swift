import Yams

/// Builders of the nodes a plan file is written from.
extension Node {
    /// A map in the order given; fields without a value are left out.
    static func map(_ fields: [(String, Node?)]) -> Node {
        Node(fields.compactMap { name, value in value.map { (text(name), $0) } }, .implicit, .block)
    }

    /// A list of texts, one a line.
    static func list(_ texts: [String]) -> Node { Node(texts.map(text), .implicit, .block) }

    static func text(_ value: String) -> Node {
        let readsAsNothing = ["", "~", "null", "Null", "NULL"].contains(value)
        return .scalar(Scalar(value, .implicit, readsAsNothing ? .doubleQuoted : .any))
    }

    static func number(_ value: Int) -> Node { text(String(value)) }
    static func number(_ value: UInt64) -> Node { text(String(value)) }
    static func number(_ value: Double) -> Node { text(value.shortest) }
    static func flag(_ value: Bool) -> Node { text(value ? "true" : "false") }
    static func seconds(_ value: Double) -> Node { text(value.shortest + "s") }

    /// A list of numbers in one line.
    static func numbers(_ values: [Double]) -> Node { Node(values.map { .number($0) }, .implicit, .flow) }

    /// fp32 numbers in their own shortest form.
    static func numbers(_ values: [Float]) -> Node {
        Node(values.map { text($0.description) }, .implicit, .flow)
    }
}
