import Yams

/// Reads `stages`: a list of maps with one key each, the stage's kind.
struct StageListReader {
    let splits: [SplitDraft]
    let image: ImageModelPlan
    /// Whether the plan describes a text tower.
    let hasText: Bool
    let files: PlanFiles

    func stages(_ node: PlanNode) throws(PlanError) -> [StagePlan] {
        let entries = try node.list("a list of stages, `- mae: {epochs: 2}` for instance")
        guard !entries.isEmpty else { throw node.wrong("at least one stage") }
        let headings = entries.compactMap { entry in
            node.faults.read(entry.place.field, orElse: likely(entry)) { () throws(PlanError) in try heading(entry) }
        }
        let names = stageNames(headings, node.faults)
        var stages: [StagePlan] = []
        for (heading, name) in zip(headings, names) {
            let place = heading.map.place
            node.faults.note(PlanPlace(file: place.file, line: place.line, field: "stages.\(name)"))
            let reader = StageReader(
                list: self, heading: heading, name: name, earlier: stages,
                later: Array(names.dropFirst(stages.count)))
            stages.append(
                node.faults.read("stages.\(name)", orElse: reader.standIn) { () throws(PlanError) in
                    try reader.stage()
                })
        }
        return stages
    }

    /// The stage that one with a misspelt kind was most likely meant to be, for those that start from it.
    private func likely(_ entry: PlanNode) -> StageHeading? {
        let field = entry.node.mapping?.first
        let word = entry.scalar ?? field?.key.scalar?.string ?? ""
        let name = nearestName(to: word, among: StageKinds.names)
        guard let task = name.flatMap(Self.task) else { return nil }
        let map = field.flatMap { field in
            try? PlanMap(PlanNode(node: field.value, place: entry.place, faults: entry.faults), expected: "")
        }
        return StageHeading(task: task, map: map ?? PlanMap(emptyAt: entry.place), isGuess: true)
    }

    private static func task(_ word: String) -> (any StageTask.Type)? { StageKinds.task(StageKind(rawValue: word)) }

    /// `mae: {…}`, `mae:` or just `mae`.
    private func heading(_ entry: PlanNode) throws(PlanError) -> StageHeading? {
        let expected =
            "a stage such as `mae: {epochs: 2}`, of kind "
            + StageKinds.names.map { "`\($0)`" }.joined(separator: ", ")
        if let word = entry.scalar {
            guard let task = Self.task(word) else { throw entry.wrong(expected) }
            return StageHeading(task: task, map: PlanMap(emptyAt: entry.place))
        }
        let map = try PlanMap(entry, expected: expected)
        guard map.fields.count == 1, let field = map.fields.first else {
            throw .wrongValue(
                entry.place, expected: "one kind of stage with its fields indented below it",
                found: map.fields.isEmpty ? "none" : map.fields.map { "`\($0.name)`" }.joined(separator: ", "))
        }
        guard let task = Self.task(field.name) else {
            throw .unknownField(
                field.value.place, known: StageKinds.names,
                suggestion: nearestName(to: field.name, among: StageKinds.names))
        }
        if field.value.isNull { return StageHeading(task: task, map: PlanMap(emptyAt: field.value.place)) }
        return StageHeading(task: task, map: try PlanMap(field.value, expected: "a map of the stage's fields"))
    }

    private func stageNames(_ headings: [StageHeading], _ faults: FaultLog) -> [String] {
        var names: [String] = []
        for heading in headings {
            let place = heading.map["name"]?.place ?? heading.map.place
            names.append(
                faults.read(place.field, orElse: heading.task.kind.rawValue) { () throws(PlanError) in
                    let name = try heading.map["name"]?.identifier("a name") ?? heading.task.kind.rawValue
                    guard let other = names.firstIndex(of: name), !heading.isGuess, !headings[other].isGuess else {
                        return name
                    }
                    throw .conflict(
                        place,
                        problem: "there is already a stage named `\(name)` (line \(headings[other].map.place.line)); "
                            + "give this one another `name`")
                })
        }
        return names
    }
}

/// A stage's kind and its fields as the file has them.
struct StageHeading {
    var task: any StageTask.Type
    var map: PlanMap
    /// Whether the file has a word that is no kind, and this is the nearest.
    var isGuess = false
}
