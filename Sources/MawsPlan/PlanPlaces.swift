/// Where in its file each field of a plan stands, kept beside the plan for the faults that are found after it was read.
///
/// It is no part of what a plan is: plans are equal wherever their fields stand, and places neither travel nor are
/// hashed. A plan from the wire or a database has none.
package struct PlanPlaces: Sendable {
    private var known: [String: PlanPlace] = [:]

    package init() {}

    mutating func note(_ place: PlanPlace) { known[place.field] = place }

    /// The place of a field, as `stages.mae.batch`; one that the file does not have stands at the line of the map that
    /// it would be in. Nil where nothing is known of the file.
    package subscript(_ field: String) -> PlanPlace? {
        var path = field[...]
        while true {
            if var place = known[String(path)] {
                place.field = field
                return place
            }
            guard !path.isEmpty else { return nil }
            path = path.lastIndex(of: ".").map { path[..<$0] } ?? ""
        }
    }
}

extension PlanPlaces: Hashable {
    package static func == (first: PlanPlaces, second: PlanPlaces) -> Bool { true }
    package func hash(into hasher: inout Hasher) {}
}

extension Plan {
    /// A sentence about what a field asks for, with file, line and field before it where they are known.
    /// - Parameter field: path of the field; nil for what is of no field.
    package func located(_ field: String?, _ sentence: String) -> String {
        field.flatMap { places[$0] }.map { "\($0): \(sentence)" } ?? sentence
    }
}

extension DataSplitPlan {
    /// Path of the field that says what is read.
    package var sourceField: String {
        let kind = ["folder", "list"].first { kind in shards.first?.hasPrefix(kind + ":") == true }
        return "data.\(name).\(kind ?? "shards")"
    }

    /// Path of one of its fields.
    package func field(_ name: String) -> String { "data.\(self.name).\(name)" }
}

extension StagePlan {
    /// Path of one of its fields.
    package func field(_ name: String) -> String { "stages.\(self.name).\(name)" }
}
