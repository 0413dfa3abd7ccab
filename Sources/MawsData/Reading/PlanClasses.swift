import MawsDataFiles
import MawsPlan

/// The one numbering of classes that all evaluations of a plan use: over all splits that they read, by name.
///
/// Folders and lists name their classes, packed shards have a file of names (`PackedClasses`), and other shards have
/// numbers alone. The numbers of named classes are the lines of the file that a `zeroshot` stage names, where the names
/// are there, and the order of the names otherwise.
package struct PlanClasses: Sendable {
    package let numbers: ClassNumbers
    /// What is assumed, each a whole sentence.
    package private(set) var notes: [String] = []
    private var linesOfStage: [[String]]?

    /// By number, for reports; empty where classes are numbers alone.
    package var names: [String] { numbers.names ?? linesOfStage?.map { $0[0] } ?? [] }

    /// Names of splits that evaluations read, in the order they do.
    static func splits(_ plan: Plan) -> [String] {
        var names: [String] = []
        for stage in plan.stages where stage.needs.classes {
            for name in stage.splits { if !names.contains(name) { names.append(name) } }
        }
        return names
    }

    /// - Parameter opened: the plan's splits.
    init(plan: Plan, root: String, opened: [Dataset]) throws {
        let datasets = Self.splits(plan).compactMap { name in opened.first { $0.name == name } }
        let found = ClassNumbers(datasets.flatMap(\.classNames))
        let files = plan.stages.compactMap { stage in
            stage.needs.classNames.map { (field: stage.field("classes"), path: PathText.resolved($0, root: root)) }
        }
        guard found.names != nil else {
            numbers = found
            linesOfStage = try files.first.map { file in
                try FieldFault.at(file.field) { try SplitFiles.classes(path: file.path) }
            }
            return
        }
        var (numbered, notes): ((numbers: ClassNumbers, file: String)?, [String]) = (nil, [])
        for (field, file) in files {
            try FieldFault.at(field) {
                let lines = ClassLines(path: file, lines: try SplitFiles.classes(path: file))
                guard let numbers = try lines.numbers(of: found) else {
                    return notes.append(try lines.assumption(found))
                }
                if let first = numbered { try lines.check(numbers, agreeWith: first.numbers, of: first.file) }
                numbered = numbered ?? (numbers, file)
            }
        }
        numbers = numbered?.numbers ?? found
        if let mixed = ClassSpellings.mixed(Set(found.found)),
            !datasets.contains(where: { ClassSpellings.mixed($0.classNames) != nil })
        {
            notes.append("The splits' classes: \(mixed).")
        }
        self.notes = notes
        if numbered == nil { try Self.checkAllAreNamed(datasets, plan) }
    }

    /// Numbers say nothing beside names, unless a file says which are which.
    private static func checkAllAreNamed(_ datasets: [Dataset], _ plan: Plan) throws {
        guard let named = datasets.first(where: { !$0.classNames.isEmpty }),
            let numbered = datasets.first(where: \.hasUnnamedClasses)
        else { return }
        let error = unlike(named: named, numbered: numbered)
        throw plan.split(numbered.name).map { FieldFault(field: $0.sourceField, cause: error) } ?? error
    }

    package static func unlike(named: Dataset, numbered: Dataset) -> DataError {
        let names = named.classNames.sorted().prefix(3).joined(separator: ", ")
        return .file(
            path: "Split '\(numbered.name)'",
            problem: "has numbers for classes (.cls members), but "
                + (named.name == numbered.name ? "some of its shards have" : "split '\(named.name)' has")
                + " names (\(names), …), and nothing says which is which; put the file of names that was packed with "
                + "the shards, PREFIX-classes.txt, beside them")
    }
}

/// A `zeroshot` stage's file of classes beside the names that the data has.
private struct ClassLines {
    let path: String
    /// Names of each class.
    let lines: [[String]]

    /// The lines' numbers for the data's classes; nil where none of the names is there.
    func numbers(of found: ClassNumbers) throws -> ClassNumbers? {
        var lineOf: [String: Int] = [:]
        for (line, names) in lines.enumerated() {
            // The name of a class may be the whole line, commas and all.
            let whole = Self.plain(names.joined(separator: ","))
            if lineOf[whole] == nil { lineOf[whole] = line }
        }
        for (line, names) in lines.enumerated() {
            for name in names where lineOf[Self.plain(name)] == nil { lineOf[Self.plain(name)] = line }
        }
        let missing = found.found.filter { lineOf[Self.plain($0)] == nil }
        if missing.count == found.found.count { return nil }
        guard missing.isEmpty else {
            throw DataError.file(
                path: path,
                problem: "has no line for the class '\(missing[0])'"
                    + (missing.count > 1 ? " and \(missing.count - 1) more" : "")
                    + ", which the data has; give each of its \(found.found.count) classes a line")
        }
        var (names, numbers): ([String], [String: Int]) = (lines.map { $0[0] }, [:])
        for name in found.found {
            guard let line = lineOf[Self.plain(name)] else { continue }
            if let other = numbers.first(where: { $0.value == line })?.key {
                throw DataError.line(
                    file: path, line: line + 1, problem: "'\(other)' and '\(name)' are two classes of the data")
            }
            names[line] = name
            numbers[name] = line
        }
        return ClassNumbers(names: names, numbers: numbers)
    }

    /// What is taken for what where names do not say it.
    func assumption(_ found: ClassNumbers) throws -> String {
        let names = found.found
        guard lines.count == names.count else {
            throw DataError.file(
                path: path,
                problem: "has \(lines.count) classes, but the data has \(names.count) "
                    + "(\(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : ""))")
        }
        return "\(path) has none of the names of the data's classes: its lines are taken for them in the order of "
            + "their names, '\(lines[0][0])' for '\(names[0])', '\(lines[names.count - 1][0])' for "
            + "'\(names[names.count - 1])'"
    }

    func check(_ numbers: ClassNumbers, agreeWith first: ClassNumbers, of file: String) throws {
        guard let name = numbers.found.first(where: { numbers[$0] != first[$0] }) else { return }
        throw DataError.file(
            path: path,
            problem: "has the class '\(name)' on another line than \(file); put their lines in the same order")
    }

    /// `Golden_Retriever` and `golden retriever` are one name, whatever blanks are beside its commas.
    private static func plain(_ name: String) -> String {
        let parts = SplitFiles.names(name[...]).joined(separator: ",")
        return String(parts.lowercased().map { $0 == "_" || $0 == "-" ? " " : $0 })
    }
}
