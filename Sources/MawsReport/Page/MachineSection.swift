import MawsRecords

/// Who computed a run: every server and trainer that ever joined.
struct MachineSection {
    let machines: [MachineRecord]

    func markup() -> Markup {
        guard !machines.isEmpty else { return "" }
        let rows = machines.map { machine -> Markup in
            let rate = machine.productRate.map { "\(Figure.significant($0 / 1e9, digits: 3)) GFLOP/s" } ?? "–"
            let cells = [
                ("role", machine.role), ("address", machine.address), ("computes with", machine.compute ?? "–"),
            ]
            return """
                <tr><th scope="row">\(machine.name)</th>\
                \(cells.map { "<td class=\"text\" data-title=\"\($0.0)\">\($0.1)</td>" as Markup })\
                <td class="text" data-title="one large product">\(rate)</td></tr>

                """
        }
        return """
            <div class="scroll"><table class="plain stack">
            <thead><tr><th scope="col">name</th><th scope="col" class="text">role</th>\
            <th scope="col" class="text">address</th><th scope="col" class="text">computes with</th>\
            <th scope="col" class="text">one large product</th></tr></thead>
            <tbody>
            \(rows)</tbody></table></div>

            """
    }
}
