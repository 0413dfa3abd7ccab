/// Collects the faults of a plan while the rest of it is read on, so that a person sees all of them at once.
///
/// What is wrong is read again as if the file did not have it; what cannot be done without stands as a stand-in. A
/// fault that may be a consequence of another is not told.
final class FaultLog {
    private(set) var faults: [PlanError] = []
    /// Where the fields stand that were read so far.
    private(set) var places = PlanPlaces()
    /// Paths of fields that are read as if they were not there.
    private var masked: Set<String> = []
    /// Paths of fields that stand-ins are there for.
    private var broken: [String] = []
    /// Whether fields may have the names that earlier versions gave them.
    let takesFormerNames: Bool

    init(takesFormerNames: Bool = false) { self.takesFormerNames = takesFormerNames }

    func note(_ place: PlanPlace) { places.note(place) }

    func isMasked(_ place: PlanPlace) -> Bool { masked.contains(place.field) }

    /// What `body` reads of the field at `path`; a stand-in where there is no reading it. Faults are collected.
    func read<Value>(
        _ path: String, orElse standIn: @autoclosure () -> Value, _ body: () throws(PlanError) -> Value
    ) -> Value {
        while true {
            do throws(PlanError) {
                return try body()
            } catch {
                if case .several(let together) = error {
                    faults += together.filter { !isConsequence($0) }
                    broken.append(path)
                    return standIn()
                }
                if !isConsequence(error) { faults.append(error) }
                guard let field = error.place?.field, masked.insert(field).inserted else {
                    broken.append(path)
                    return standIn()
                }
            }
        }
    }

    /// Throws what was found, in the order of the file's lines.
    func check() throws(PlanError) {
        let sorted = faults.enumerated().sorted {
            ($0.element.place?.line ?? 0, $0.offset) < ($1.element.place?.line ?? 0, $1.offset)
        }.map(\.element)
        guard let first = sorted.first else { return }
        throw sorted.count == 1 ? first : .several(sorted)
    }

    private func isConsequence(_ error: PlanError) -> Bool {
        guard let field = error.place?.field else { return false }
        if masked.contains(field) || broken.contains(where: { field == $0 || field.hasPrefix("\($0).") }) {
            return true
        }
        // Values are possible or not beside others of their map: a default in place of one says nothing.
        if case .conflict = error { return masked.contains { Self.parent($0) == Self.parent(field) } }
        // Its size comes from the tokenizer.
        if field == "model.text.vocabulary", masked.contains(where: { $0.hasSuffix(".tokenizer") }) { return true }
        // What is not whole because parts of it are masked.
        return masked.contains { $0.hasPrefix("\(field)[") || $0.hasPrefix("\(field).") }
    }

    private static func parent(_ field: String) -> Substring {
        field.lastIndex(of: ".").map { field[..<$0] } ?? ""
    }
}
