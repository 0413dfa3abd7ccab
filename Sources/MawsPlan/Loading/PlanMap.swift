import Yams

/// The fields of one map of a plan file, by name, with the place of each.
struct PlanMap {
    /// Where the map itself stands: the line of the field that holds it.
    let place: PlanPlace
    /// In the order of the file.
    let fields: [(name: String, value: PlanNode)]

    /// - Parameter expected: what an error says should have been here.
    init(_ node: PlanNode, expected: String) throws(PlanError) {
        guard let mapping = node.node.mapping else { throw node.wrong(expected) }
        place = node.place
        node.faults.note(place)
        var fields: [(name: String, value: PlanNode)] = []
        for (key, value) in mapping {
            guard let written = key.scalar?.string else { throw node.wrong("\(expected) with names for keys") }
            let name = node.faults.takesFormerNames ? FormerNames.today(written, at: place.field) : written
            let fieldPlace = PlanPlace(
                file: node.place.file, line: key.mark?.line ?? node.place.line,
                field: node.place.field.isEmpty ? name : "\(node.place.field).\(name)")
            node.faults.note(fieldPlace)
            if node.faults.isMasked(fieldPlace) { continue }
            fields.append((name, PlanNode(node: value, place: fieldPlace, faults: node.faults)))
        }
        self.fields = fields
    }

    /// A map without fields, for a stage that is only named.
    init(emptyAt place: PlanPlace) {
        self.place = place
        fields = []
    }

    private init(place: PlanPlace, fields: [(name: String, value: PlanNode)]) {
        self.place = place
        self.fields = fields
    }

    /// The same map, its fields called `path.name` in errors.
    func renamed(_ path: String) -> PlanMap {
        var place = place
        place.field = path
        return PlanMap(
            place: place,
            fields: fields.compactMap { field in
                var place = field.value.place
                place.field = "\(path).\(field.name)"
                let faults = field.value.faults
                faults.note(place)
                if faults.isMasked(place) { return nil }
                return (field.name, PlanNode(node: field.value.node, place: place, faults: faults))
            })
    }

    /// Refuses every field that is not one of `known`.
    func allow(_ known: [String]) throws(PlanError) {
        for field in fields where !known.contains(field.name) {
            if let today = FormerNames.today(field.name, among: known) {
                throw .renamedField(field.value.place, today: today)
            }
            throw .unknownField(
                field.value.place, known: known, suggestion: nearestName(to: field.name, among: known))
        }
    }

    /// The field of this name; nil when the file does not have it.
    subscript(_ name: String) -> PlanNode? { fields.first { $0.name == name }?.value }

    /// The place of a field, whether the file has it or not; without one it is the line of the map.
    func place(of name: String) -> PlanPlace {
        self[name]?.place
            ?? PlanPlace(
                file: place.file, line: place.line, field: place.field.isEmpty ? name : "\(place.field).\(name)")
    }

    func required(_ name: String, _ expected: String) throws(PlanError) -> PlanNode {
        guard let value = self[name] else { throw .missingField(place(of: name), expected: expected) }
        return value
    }

    func integer(_ name: String, _ range: ClosedRange<Int>, default value: Int) throws(PlanError) -> Int {
        try self[name]?.integer(range) ?? value
    }

    func seconds(_ name: String, default value: Double) throws(PlanError) -> Double {
        try self[name]?.seconds() ?? value
    }

    func flag(_ name: String, default value: Bool) throws(PlanError) -> Bool {
        try self[name]?.flag() ?? value
    }

    func number(
        _ name: String, _ expected: String, default value: Double, _ isAllowed: (Double) -> Bool
    ) throws(PlanError) -> Double {
        try self[name]?.number(expected, isAllowed) ?? value
    }
}
