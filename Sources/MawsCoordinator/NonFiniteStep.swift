import MawsProtocol

/// A step that must not be committed as it is, and what is not finite in it.
package struct NonFiniteStep: Hashable, Sendable, CustomStringConvertible {
    package var stage: String
    package var step: UInt64
    package var values: NonFiniteValues

    package init(stage: String, step: UInt64, values: NonFiniteValues) {
        (self.stage, self.step, self.values) = (stage, step, values)
    }

    package var description: String {
        let (units, blocks) = (values.units, values.blocks)
        return "stage \(stage), step \(step): "
            + [
                units.isEmpty ? nil : "the loss of \(Self.list("unit", units.map(String.init)))",
                blocks.isEmpty ? nil : "the gradient of \(Self.list("block", blocks))",
                units.isEmpty && blocks.isEmpty ? "the loss or the gradient's norm" : nil,
            ].compactMap(\.self).joined(separator: " and ") + " is not finite"
    }

    /// A few names and how many more there are.
    private static func list(_ word: String, _ names: [String]) -> String {
        let shown = names.prefix(4).joined(separator: ", ")
        let more = names.count > 4 ? " and \(names.count - 4) more" : ""
        return "\(word)\(names.count == 1 ? "" : "s") \(shown)\(more)"
    }
}
