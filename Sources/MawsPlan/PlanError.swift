import MawsBase

/// Where in a plan file something stands.
package struct PlanPlace: Hashable, Sendable {
    package var file: String
    /// From 1.
    package var line: Int
    /// Path of the field, `stages.mae.batch` for instance; empty for the whole file.
    package var field: String

    package init(file: String, line: Int, field: String) {
        self.file = file
        self.line = line
        self.field = field
    }
}

/// What is wrong with a plan, as one sentence with the file, the line and the field.
package enum PlanError: Error, Hashable, CustomStringConvertible {
    /// The file cannot be read.
    case unreadable(file: String, reason: String)
    /// The file is not YAML.
    case syntax(file: String, line: Int, reason: String)
    /// The value has the wrong type or lies outside its range.
    case wrongValue(PlanPlace, expected: String, found: String)
    /// No such field here; `known` are the fields there are, `suggestion` the nearest of them.
    case unknownField(PlanPlace, known: [String], suggestion: String?)
    /// A field that earlier versions called so.
    case renamedField(PlanPlace, today: String)
    /// A field of another kind of stage.
    case misplacedField(PlanPlace, kind: String, belongsTo: [String])
    case missingField(PlanPlace, expected: String)
    /// The value is possible, but not together with another field.
    case conflict(PlanPlace, problem: String)
    /// The file a field names does not exist; `remedy` says what makes it.
    /// `folder` is where a relative path was looked for.
    case missingFile(PlanPlace, path: String, folder: String?, remedy: String)
    /// The file a field names exists, but cannot be used.
    case unusableFile(PlanPlace, path: String, reason: String)
    /// More than one fault, in the order of their lines.
    case several([PlanError])
    /// A plan that came over the wire or from a database is not one.
    case undecodable(reason: String)

    /// Without what may be secret in addresses and commands.
    package var description: String { Secrets.hidden(in: sentence) }

    private var sentence: String {
        switch self {
        case .unreadable(let file, let reason):
            "The plan \(file) cannot be read: \(reason)."
        case .syntax(let file, let line, let reason):
            "\(file):\(line): this is not valid YAML: \(reason)."
        case .wrongValue(let place, let expected, let found):
            "\(place): expected \(expected), found \(found)."
        case .unknownField(let place, let known, let suggestion):
            "\(place): there is no such field; "
                + (suggestion.map { "did you mean `\($0)`?" } ?? "the fields here are \(list(known)).")
        case .renamedField(let place, let today):
            "\(place): this field is called `\(today)` by now."
        case .misplacedField(let place, let kind, let belongsTo):
            "\(place): a \(kind) stage has no such field; it belongs to \(list(belongsTo)) stages."
        case .missingField(let place, let expected):
            "\(place): this field is missing; expected \(expected)."
        case .conflict(let place, let problem):
            "\(place): \(problem)" + (problem.hasSuffix("?") ? "" : ".")
        case .missingFile(let place, let path, let folder, let remedy):
            "\(place): there is no file \(path)\(folder.map { " in \($0)" } ?? ""); \(remedy)."
        case .unusableFile(let place, let path, let reason):
            "\(place): the file \(path) cannot be used: \(reason)."
        case .several(let faults):
            faults.map(\.description).joined(separator: "\n")
        case .undecodable(let reason):
            "The plan received is not one this version understands: \(reason)."
        }
    }
}

extension PlanError {
    /// Where the fault is; nil where it is of no field.
    var place: PlanPlace? {
        switch self {
        case .wrongValue(let place, _, _), .unknownField(let place, _, _), .renamedField(let place, _),
            .misplacedField(let place, _, _),
            .missingField(let place, _), .conflict(let place, _), .missingFile(let place, _, _, _),
            .unusableFile(let place, _, _):
            place
        case .unreadable, .syntax, .several, .undecodable: nil
        }
    }
}

extension PlanPlace: CustomStringConvertible {
    package var description: String { field.isEmpty ? "\(file):\(line)" : "\(file):\(line): \(field)" }
}

/// `a`, `b` and `c`.
private func list(_ names: [String]) -> String {
    let quoted = names.map { "`\($0)`" }
    guard let last = quoted.last, quoted.count > 1 else { return quoted.first ?? "none" }
    return quoted.dropLast().joined(separator: ", ") + " and " + last
}
