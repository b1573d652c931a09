// Writes what the PyTorch script shares with the platform: rows of digits.csv of test set, clients and local tests (plan-SEED.json), the order
// of every batch (orders-SEED.json), and the start, mask and loss trace of SSE-C (etf.json). Arguments: SPEC FOLDER SEEDS.
using System.IO.Compression;
using System.Text.Json;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;
using FedPlatform.Learning.Algorithms.FedLoGe;
using FedPlatform.Learning.Federation;

RunSpec asked = RunSpecReader.Read(File.ReadAllText(args[0])).Spec ?? throw new InvalidDataException($"{args[0]} is no valid spec.");
string folder = Directory.CreateDirectory(args[1]).FullName;
LoadedDataset data = new DatasetCatalogue([]).Load("digits");
(int[] trainRow, int[] testRow) = Rows(data);

for (long seed = 1; seed <= long.Parse(args[2], null); seed++)
{
    RunSpec spec = asked with { Seed = seed };
    FederatedPlan plan = FederatedPlan.Create(spec, data);
    Write($"plan-{seed}.json", new { test = testRow, clientTrain = Map(plan.ClientTrain, trainRow), clientTest = Map(plan.ClientTest, testRow) });
    var orders = new List<object>();
    for (int round = 1; round <= spec.Rounds; round++)
    {
        foreach (int client in ClientSampler.Sample(spec.Partition.Clients, spec.Participation, seed, round))
        {
            for (int epoch = 0; epoch < spec.Algorithm.LocalEpochs; epoch++)
            {
                int[] order = [.. plan.ClientTrain[client]];
                CounterRandom.For(seed, "batches", round, client, epoch).Shuffle(order);
                orders.Add(new { round, client, epoch, rows = Array.ConvertAll(order, i => trainRow[i]) });
            }
        }
    }

    Write($"orders-{seed}.json", orders);
}

const int D = 64, C = 10;
int[] steps = [0, 1, 10, 100, 500, 1000, 2000, 5000, 10_000];
double[][] built = [.. steps.Select(n => SparseEtf.Build(D, C, 0.6, 0.1, 0, n))];
Write("etf.json", new { d = D, classes = C, dense = SparseEtf.Dense(D, C, 0), kept = SparseEtf.Mask(D, C, 0.6, 0), steps, losses = built.Select(w => SparseEtf.Loss(w, D, C, 0.1)), end = built[^1] });

void Write(string name, object content) => File.WriteAllText(Path.Combine(folder, name), JsonSerializer.Serialize(content));

static int[][] Map(int[][] indices, int[] rows) => Array.ConvertAll(indices, list => Array.ConvertAll(list, i => rows[i]));

// Both sets keep the file's order: each line is the next image of one of them.
static (int[] Train, int[] Test) Rows(LoadedDataset data)
{
    using Stream stream = new GZipStream(typeof(DatasetCatalogue).Assembly.GetManifestResourceStream("digits.csv.gz")!, CompressionMode.Decompress);
    using var reader = new StreamReader(stream);
    List<int> train = [], test = [];
    for (int row = 0; reader.ReadLine() is { } line; row++)
    {
        int[] values = [.. line.Split(',').Select(v => int.Parse(v, null))];
        byte[] pixels = Array.ConvertAll(values[..64], v => (byte)((v * 255 + 8) / 16));
        if (IsNext(data.Train, train.Count, values[64], pixels)) train.Add(row);
        else if (IsNext(data.Test, test.Count, values[64], pixels)) test.Add(row);
        else throw new InvalidDataException($"Line {row + 1} is in neither set.");
    }

    return ([.. train], [.. test]);
}

static bool IsNext(ImageSet set, int at, int label, byte[] pixels) => at < set.Count && set.Labels[at] == label && set.Image(at).SequenceEqual(pixels);
