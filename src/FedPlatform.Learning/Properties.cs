using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("FedPlatform.Learning.Tests")]
