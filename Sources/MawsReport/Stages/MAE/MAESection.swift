import MawsPlan
import MawsRecords

/// Reconstructions of images by each finished stage.
enum MAESection: StageSection {
    static let kind = MAETask.kind
    static let title = "Masked autoencoder"

    static func sections(_ material: PageMaterial) -> [PageSection] {
        let strips = strips(material).map { $0.markup() }
        return [PageSection(id: "reconstructions", title: "Reconstructions", body: "\(strips)")]
    }

    private static func strips(_ material: PageMaterial) -> [ReconstructionSection] {
        let (record, shown) = (material.record, material.shown)
        guard let plan = record.plan else { return [] }
        let maker = Reconstructions(plan: plan, runFolder: record.folder.path, root: material.root)
        return plan.stages.filter { $0.kind == kind }.compactMap { stage in
            guard let summary = record.stages.first(where: { $0.stage == stage.name }) else { return nil }
            if let kept = shown.reconstruction(stage: stage.name, steps: summary.steps) {
                return ReconstructionSection(stage: stage.name, outcome: .success(kept))
            }
            let outcome = maker.make(stage: stage, steps: summary.steps)
            if case .success(let images) = outcome { shown.keep(images, stage: stage.name, steps: summary.steps) }
            return ReconstructionSection(stage: stage.name, outcome: outcome)
        }
    }
}
