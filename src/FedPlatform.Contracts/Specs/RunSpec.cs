namespace FedPlatform.Contracts.Specs;

/// <summary>
/// Everything that decides a run's result. The same spec gives the same bytes, on one worker or many, interrupted or not.
/// Written by the form, by REST or by hand in JSON or YAML; every field but <see cref="Dataset"/> has a default.
/// </summary>
public sealed record RunSpec
{
    /// <summary>What people call the run.</summary>
    public string Name { get; init; } = "Untitled run";

    /// <summary>Free text in Markdown, never interpreted.</summary>
    public string? Notes { get; init; }

    /// <summary>Root of every random stream of the run: partition, initial weights, client sampling, batches.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Key of a registered data set: <c>digits</c>, <c>fashion-mnist</c>, <c>cifar10</c>, <c>cifar100</c>.</summary>
    public string Dataset { get; init; } = "";

    public LongTailSpec LongTail { get; init; } = new();

    public PartitionSpec Partition { get; init; } = new();

    /// <summary>Key of a model in <see cref="Models.ModelCatalogue"/>, such as <c>resnet8</c>.</summary>
    public string Model { get; init; } = "resnet8";

    public AlgorithmSpec Algorithm { get; init; } = new();

    public AugmentationSpec Augmentation { get; init; } = new();

    public EvaluationSpec Evaluation { get; init; } = new();

    /// <summary>Fraction of the K clients sampled a round, in (0, 1]; m = max(⌊participation·K⌋, 1).</summary>
    public double Participation { get; init; } = 1;

    /// <summary>Number of federated rounds.</summary>
    public int Rounds { get; init; } = 30;

    /// <summary>Evaluate after every n-th round, and always after the last.</summary>
    public int EvaluateEvery { get; init; } = 1;

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Clients trained at the same time, one intra-op thread each; null: one a core. Never changes the result.</summary>
    public int? Workers { get; init; }

    /// <summary>Checkpoints kept beside the best and the final one.</summary>
    public int KeepCheckpoints { get; init; } = 2;
}

/// <summary>The global long tail: n_c = ⌊n_max · (1/IF)^{c/(C−1)}⌋, class 0 the largest.</summary>
public sealed record LongTailSpec
{
    /// <summary>n_0 / n_{C−1}, at least 1; 1 keeps the data set as it is.</summary>
    public double ImbalanceFactor { get; init; } = 1;

    /// <summary>Seed of the per-class shuffle before the first n_c samples are taken (the reference's is 0).</summary>
    public long Seed { get; init; }
}

/// <summary>How the long-tailed training set is divided among the clients.</summary>
public sealed record PartitionSpec
{
    /// <summary><c>dirichlet</c> (per class q ~ Dir(α·1_K), each sample ~ Categorical(q)) or <c>iid</c>.</summary>
    public string Kind { get; init; } = "dirichlet";

    /// <summary>Dirichlet concentration α &gt; 0; smaller is more heterogeneous.</summary>
    public double Alpha { get; init; } = 0.5;

    /// <summary>K, the number of clients.</summary>
    public int Clients { get; init; } = 10;
}

/// <summary>The federated algorithm with its hyper-parameters; fields of another algorithm are ignored.</summary>
public sealed record AlgorithmSpec
{
    /// <summary><c>fedavg</c> or <c>fedloge</c>.</summary>
    public string Name { get; init; } = "fedavg";

    /// <summary>E, local epochs a round.</summary>
    public int LocalEpochs { get; init; } = 5;

    /// <summary>Samples a step; the last short batch is kept.</summary>
    public int BatchSize { get; init; } = 8;

    public double LearningRate { get; init; } = 0.03;

    public double Momentum { get; init; } = 0.5;

    public double WeightDecay { get; init; }

    /// <summary>FedLoGe, β: fraction of SSE-C entries that are zero, in [0, 1).</summary>
    public double Sparsity { get; init; } = 0.6;

    /// <summary>FedLoGe, γ: target norm of the SSE-C class vectors.</summary>
    public double Gamma { get; init; } = 0.1;

    /// <summary>FedLoGe: seed of SSE-C, so that equal (d, C, β, γ, seed) share one classifier.</summary>
    public long ClassifierSeed { get; init; }

    /// <summary>FedLoGe: Adam steps at learning rate 1e-4 that restore the angles of the surviving entries.</summary>
    public int ClassifierSteps { get; init; } = 10_000;

    /// <summary>FedLoGe: give SSE-C the random frozen bias that the authors' code keeps by accident.</summary>
    public bool ReferenceBias { get; init; }

    /// <summary>FedLoGe, GLA-FR of the generic model: <c>unit</c> (ψ_c/‖ψ_c‖, no bias) or <c>reference</c> (1.7·ψ_c/‖ψ_c‖, bias kept).</summary>
    public string GenericRealignment { get; init; } = "unit";

    /// <summary>FedLoGe, which personalised prediction PM reports: <c>figure</c> (φ'_k alone) or <c>reference</c> (φ_k + φ'_k). Both are measured.</summary>
    public string PersonalRealignment { get; init; } = "figure";
}

/// <summary>Random changes of a training batch.</summary>
public sealed record AugmentationSpec
{
    /// <summary>Padding of a random crop back to the image's size, in pixels; null: the data set's own (CIFAR 4, others 0).</summary>
    public int? CropPadding { get; init; }

    /// <summary>Mirror half of the images; null: the data set's own (CIFAR yes, others no).</summary>
    public bool? HorizontalFlip { get; init; }
}

/// <summary>What GM and PM mean in this run. The same choices apply to every algorithm that is compared.</summary>
public sealed record EvaluationSpec
{
    /// <summary>Classes a client's prediction may choose: <c>none</c> (all), <c>train</c> (those with local training samples), <c>test</c> (the reference's leaky mask).</summary>
    public string AbsentClassMask { get; init; } = "train";

    /// <summary>Head / medium / tail by <c>counts</c> (&gt; 100, 20–100, &lt; 20) or <c>cumulative</c> (75 % / 95 % of samples). Both are measured.</summary>
    public string GroupRule { get; init; } = "counts";

    /// <summary>T in t_kc = ⌊n_kc / N · T⌋, N the client-training total; capped by the test images that exist.</summary>
    public int LocalTestImages { get; init; } = 10_000;
}
