import Foundation

/// The targets of `Package.swift` in the order of its layers, with what each depends on.
struct TargetGraph {
    struct Target {
        let name: String
        /// Name of the list that it stands in: `base`, `nodes`, `testTargets`.
        let layer: String
        /// Targets, and products by the word that `Package.swift` has for them.
        let dependencies: [String]
    }

    let targets: [Target]
    private let byName: [String: Target]

    static let package = TargetGraph(
        manifest: (try? String(
            contentsOf: SourceTree.packageRoot.appendingPathComponent("Package.swift"), encoding: .utf8)) ?? "")

    /// Reads the lists `let layer: [Target] = [ … ]` of a manifest.
    init(manifest: String) {
        var targets: [Target] = []
        var layer = ""
        let pieces =
            #/
            let\s(?<layer>\w+):\s\[Target\]\s=
            | \b(?:library|program|tests|system|target|executableTarget)\( (?:\s*name:)?
              \s*"(?<name>[\w\-]+)" (?<rest>(?:[^()]|\([^()]*\))*) \)
            /#
        for match in manifest.matches(of: pieces) {
            if let name = match.output.layer {
                layer = String(name)
            } else if let name = match.output.name {
                targets.append(
                    Target(
                        name: String(name), layer: layer,
                        dependencies: Self.dependencies(String(match.output.rest ?? ""))))
            }
        }
        self.targets = targets
        byName = Dictionary(targets.map { ($0.name, $0) }) { first, _ in first }
    }

    func dependencies(of name: String) -> [String] { byName[name]?.dependencies ?? [] }

    /// All that is linked into a target.
    func reach(of name: String) -> Set<String> {
        var reached: Set<String> = []
        var waiting = [name]
        while let next = waiting.popLast() {
            for dependency in dependencies(of: next) where reached.insert(dependency).inserted {
                waiting.append(dependency)
            }
        }
        return reached
    }

    /// The names in the list that follows a target's name.
    private static func dependencies(_ rest: String) -> [String] {
        guard let list = rest.firstMatch(of: /^,\s*(?:dependencies: )?\[([^\[\]]*)\]/) else { return [] }
        return list.1.matches(of: /[\w-]+/).map { String($0.output) }
    }
}
