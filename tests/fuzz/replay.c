/* Feeds files (or all files of folders) to a fuzzer's entry point: how `make check`
 * replays the seeds with any compiler. Prints TAP, one case a file. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int cases;

static void feed(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (!f || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		printf("not ok %d - %s cannot be read\n", ++cases, path);
		exit(1);
	}
	rewind(f);
	/* exactly as large as the input, so that sanitizers see a byte too far */
	data = malloc(size ? (size_t)size : 1);
	if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
		abort();
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	printf("ok %d - %s\n", ++cases, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	fflush(stdout);
}

/* Without arguments: the seeds beside the sources, `fuzz_x.in` for `fuzz_x`. */
static const char *own_seeds(const char *program)
{
	static char path[4096];
	const char *src = getenv("srcdir"), *slash = strrchr(program, '/');

	snprintf(path, sizeof(path), "%s/tests/fuzz/%s.in", src ? src : ".",
		 slash ? slash + 1 : program);
	return path;
}

int main(int argc, char **argv)
{
	const char *seeds[] = {NULL, own_seeds(argv[0])};

	if (argc == 1) {
		argv = (char **)seeds;
		argc = 2;
	}
	for (int i = 1; i < argc; i++) {
		struct dirent **entry;
		int n = scandir(argv[i], &entry, NULL, alphasort);

		if (n < 0) {
			feed(argv[i]);
			continue;
		}
		for (int k = 0; k < n; k++) {
			char path[4096];

			snprintf(path, sizeof(path), "%s/%s", argv[i], entry[k]->d_name);
			if (entry[k]->d_name[0] != '.')
				feed(path);
			free(entry[k]);
		}
		free(entry);
	}
	printf("1..%d\n", cases);
	return cases ? 0 : 1;
}
